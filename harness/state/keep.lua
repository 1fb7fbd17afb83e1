-- Keeps a state in database 1, without expiries: each key behind PREFIX and `key:`, and what has to be
-- set again beside it, the times to live of keys in the hash `ttls`, those of a hash's fields in a
-- hash behind `fields:`. To put it back is then a matter of copying inside the server. Scripts begin
-- in the database of their caller, 0, and the caller stays there. Returns how many keys that made.
-- Behind copy.lua. ARGV: PREFIX; "1" if there are field expiries; then key, ttl, ...
local prefix, made = ARGV[1], 0
for i = 3, #ARGV, 2 do
  local key, kept, fields = ARGV[i], prefix .. 'key:' .. ARGV[i], {}
  made = made + copy(key, kept, 0, 1)
  redis.call('SELECT', 1)
  redis.call('PERSIST', kept)
  if ARGV[2] == '1' and redis.call('TYPE', kept).ok == 'hash' then
    for _, field in ipairs(redis.call('HKEYS', kept)) do
      local pttl = redis.call('HPTTL', kept, 'FIELDS', 1, field)[1]
      if pttl >= 0 then
        redis.call('HPERSIST', kept, 'FIELDS', 1, field)
        fields[#fields + 1] = { field, pttl }
      end
    end
  end
  redis.call('HSET', prefix .. 'ttls', key, ARGV[i + 1])
  for _, f in ipairs(fields) do redis.call('HSET', prefix .. 'fields:' .. key, f[1], f[2]) end
  if fields[1] then made = made + 1 end
  redis.call('SELECT', 0)
end
return #ARGV > 2 and made + 1 or made
