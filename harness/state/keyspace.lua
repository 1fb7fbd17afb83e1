-- What the database holds, a row per key; see keyspace.h.
-- ARGV: "1" if there are field expiries.

-- What XINFO tells, by name: later servers tell more.
local function named(reply)
  local all = {}
  for i = 1, #reply, 2 do all[reply[i]] = reply[i + 1] end
  return all
end

-- What a command tells of so many things, if there are any.
local function each(count, ...) return ipairs(count > 0 and redis.call(...) or {}) end

-- Everything but times: how long a consumer has been idle, how long ago an entry was delivered.
local function about_stream(key)
  local about, groups = named(redis.call('XINFO', 'STREAM', key)), {}
  for g, reply in each(about.groups, 'XINFO', 'GROUPS', key) do
    local group, consumers, pending = named(reply), {}, {}
    for c, one in each(group.consumers, 'XINFO', 'CONSUMERS', key, group.name) do
      consumers[c] = named(one).name
    end
    for p, one in each(group.pending, 'XPENDING', key, group.name, '-', '+', group.pending) do
      pending[p] = { one[1], one[2], one[4] }
    end
    groups[g] = { group.name, group['last-delivered-id'], group['entries-read'] or '',
      consumers, pending }
  end
  return { about['last-generated-id'], about['max-deleted-entry-id'] or '',
    about['entries-added'] or '', groups }
end

-- Elements, each with its attributes and its vector. DUMP would tell of the graph, too, which chance makes.
local function vectors_of(key)
  local elements, count = {}, redis.call('VCARD', key)
  for i, element in each(count, 'VRANDMEMBER', key, count) do
    local attributes = redis.call('VGETATTR', key, element)
    elements[2 * i - 1] = element
    elements[2 * i] = (attributes and attributes .. ' ' or '')
      .. table.concat(redis.call('VEMB', key, element), ' ')
  end
  return elements
end

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
    one[4], one[5] = redis.call('XRANGE', key, '-', '+'), about_stream(key)
  elseif kind == 'vectorset' then one[4] = vectors_of(key)
  elseif kind ~= 'none' then one[4] = { redis.call('DUMP', key) } end
  if one[4] then all[#all + 1] = one end
end
return all
