-- Makes database 0 hold what keep.lua kept, or nothing.
-- ARGV: how many keys were kept, or 0; "1" if there are field expiries.
for _, key in ipairs(redis.call('KEYS', '*')) do redis.call('DEL', key) end
if ARGV[1] == '0' then return end
redis.call('SELECT', 2)
local ttls, fields = redis.call('HGETALL', 'keys'), {}
if ARGV[2] == '1' then
  for i = 1, #ttls, 2 do fields[i] = redis.call('HGETALL', 'fields:' .. ttls[i]) end
end
redis.call('SELECT', 1)
local copied = 0
for i = 1, #ttls, 2 do
  copied = copied + redis.call('COPY', ttls[i], ttls[i], 'DB', 0)
end
redis.call('SELECT', 0)
if copied ~= tonumber(ARGV[1]) then
  return redis.error_reply('ERR the old state that was kept in databases 1 and 2 is gone; '
    .. 'did a script of the scenario use FLUSHALL, SELECT or SWAPDB?')
end
for i = 1, #ttls, 2 do
  if tonumber(ttls[i + 1]) >= 0 then redis.call('PEXPIRE', ttls[i], ttls[i + 1]) end
  for f = 1, #(fields[i] or {}), 2 do
    redis.call('HPEXPIRE', ttls[i], fields[i][f + 1], 'FIELDS', 1, fields[i][f])
  end
end
