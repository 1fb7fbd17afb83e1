-- Time passes: drops every key, and every field of a hash, whose time is over, and leaves the others
-- as much less.
-- ARGV: "1" if there are field expiries; how many ms pass, or -1: as many as it takes.
local ms = tonumber(ARGV[2])

-- Redis takes no more of a field, and no number that is not whole when it is printed.
local function live(ttl) return math.min(ttl - ms, 2 ^ 47) end
local function is_over(ttl) return ms < 0 or ttl <= ms end

for _, key in ipairs(redis.call('KEYS', '*')) do
  local ttl = redis.call('PTTL', key)
  if ttl >= 0 and is_over(ttl) then redis.call('DEL', key)
  else
    if ttl >= 0 then redis.call('PEXPIRE', key, live(ttl)) end
    if ARGV[1] == '1' and redis.call('TYPE', key).ok == 'hash' then
      for _, field in ipairs(redis.call('HKEYS', key)) do
        ttl = redis.call('HPTTL', key, 'FIELDS', 1, field)[1]
        if ttl >= 0 and is_over(ttl) then redis.call('HDEL', key, field)
        elseif ttl >= 0 then redis.call('HPEXPIRE', key, live(ttl), 'FIELDS', 1, field) end
      end
    end
  end
end
