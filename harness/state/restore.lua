-- Makes database 0 hold what keep.lua kept, or nothing.
-- Behind copy.lua. ARGV: PREFIX; "1" if there are field expiries; how many keys were kept, or 0.
for _, key in ipairs(redis.call('KEYS', '*')) do redis.call('DEL', key) end
if ARGV[3] == '0' then return end
redis.call('SELECT', 1)
local prefix = ARGV[1]
local ttls, fields = redis.call('HGETALL', prefix .. 'ttls'), {}
local copied = 0
for i = 1, #ttls, 2 do
  if ARGV[2] == '1' then fields[i] = redis.call('HGETALL', prefix .. 'fields:' .. ttls[i]) end
  copied = copied + copy(prefix .. 'key:' .. ttls[i], ttls[i], 1, 0)
end
redis.call('SELECT', 0)
if copied ~= tonumber(ARGV[3]) then
  return redis.error_reply('ERR the old state that was kept in database 1 is gone')
end
-- The latest instant that Redis takes has come nearer since; 4,000 years are as good (keeper.h).
local function live(ttl) return math.min(tonumber(ttl), 2 ^ 47) end

for i = 1, #ttls, 2 do
  if tonumber(ttls[i + 1]) >= 0 then redis.call('PEXPIRE', ttls[i], live(ttls[i + 1])) end
  for f = 1, #(fields[i] or {}), 2 do
    redis.call('HPEXPIRE', ttls[i], live(fields[i][f + 1]), 'FIELDS', 1, fields[i][f])
  end
end
