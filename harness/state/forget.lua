-- Forgets a state that keep.lua has kept. Returns how many keys that was.
-- ARGV: PREFIX.
redis.call('SELECT', 1)
local count = 0
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  count = count + redis.call('UNLINK', key)
end
redis.call('SELECT', 0)
return count
