-- Keeps the old state in database 1, without expiries, and the times to live beside it in database 2:
-- those of keys in the hash `keys`, those of a hash's fields in a hash of the same name behind
-- `fields:`. To put it back is then a matter of copying inside the server. Scripts begin in the
-- database of their caller, 0, and the caller stays there.
-- ARGV: "1" if there are field expiries, then key, ttl, ...
for i = 2, #ARGV, 2 do
  local key, fields = ARGV[i], {}
  redis.call('COPY', key, key, 'DB', 1, 'REPLACE')
  redis.call('SELECT', 1)
  redis.call('PERSIST', key)
  if ARGV[1] == '1' and redis.call('TYPE', key).ok == 'hash' then
    for _, field in ipairs(redis.call('HKEYS', key)) do
      local pttl = redis.call('HPTTL', key, 'FIELDS', 1, field)[1]
      if pttl >= 0 then
        redis.call('HPERSIST', key, 'FIELDS', 1, field)
        fields[#fields + 1] = { field, pttl }
      end
    end
  end
  redis.call('SELECT', 2)
  redis.call('HSET', 'keys', key, ARGV[i + 1])
  for _, f in ipairs(fields) do redis.call('HSET', 'fields:' .. key, f[1], f[2]) end
  redis.call('SELECT', 0)
end
