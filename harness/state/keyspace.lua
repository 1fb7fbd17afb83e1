-- What the database holds, a row per key; see keyspace.h.
-- ARGV: "1" if there are field expiries.
local all = {}
for i, key in ipairs(redis.call('KEYS', '*')) do
  local kind = redis.call('TYPE', key).ok
  local one = { key, kind, redis.call('PTTL', key) }
  if kind == 'string' then one[4] = { redis.call('GET', key) }
  elseif kind == 'hash' then
    one[4] = redis.call('HGETALL', key)
    if ARGV[1] == '1' then
      one[5] = {}
      for f = 1, #one[4], 2 do
        one[5][#one[5] + 1] = redis.call('HPTTL', key, 'FIELDS', 1, one[4][f])[1]
      end
    end
  elseif kind == 'set' then one[4] = redis.call('SMEMBERS', key)
  elseif kind == 'zset' then one[4] = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  elseif kind == 'list' then one[4] = redis.call('LRANGE', key, 0, -1)
  elseif kind == 'stream' then
    one[4], one[5] = {}, {}
    for e, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do
      one[4][e] = cmsgpack.pack(entry[2])
    end
    for _, group in ipairs(redis.call('XINFO', 'GROUPS', key)) do
      local read = #redis.call('XRANGE', key, '-', group[8])
      one[5][#one[5] + 1] = group[2]
      one[5][#one[5] + 1] = group[6] .. ' pending, ' .. read .. ' read'
    end
  elseif kind ~= 'none' then one[4] = { redis.call('DUMP', key) } end
  if one[4] then all[#all + 1] = one end
end
return all
