-- The constructors of invariants, and how each one looks; see invariants.h. Compiled into the
-- program, and run in a scenario's sandbox.
local library = {}
local right_after_death = {} -- the invariants that are looked at before time passes

-- Mistakes are told where the constructor was called.
local function mistake(...)
  error(string.format(...), 3)
end

local function show(text)
  text = text:gsub("[^\32-\126]", function(c) return ("\\x%02x"):format(c:byte()) end)
  return #text > 60 and text:sub(1, 60) .. "..." or text
end

local function described(value)
  if value == nil then
    return "missing"
  end
  return type(value) == "string" and "'" .. show(value) .. "'" or "a " .. type(value)
end

-- The fields of a constructor's table: names, and what is said of each.
local function check_fields(constructor, fields, expected)
  local names = {}
  if type(fields) ~= "table" then
    error(("%s: %s; expected %s"):format(constructor, described(fields), expected.like), 3)
  end
  for name in pairs(fields) do
    if type(name) ~= "string" or not expected[name] or name == "like" then
      error(("%s: unknown field '%s'; expected %s"):format(
        constructor, show(tostring(name)), expected.like), 3)
    end
  end
end

local function is_key(value)
  return type(value) == "string"
end

-- How elements of a collection are read: of each type, those with words for an element.
local members = {
  none = function() return {} end,
  list = function(redis, key) return redis.call("LRANGE", key, 0, -1) end,
  set = function(redis, key) return redis.call("SMEMBERS", key) end,
  zset = function(redis, key) return redis.call("ZRANGE", key, 0, -1) end,
  hash = function(redis, key) return redis.call("HKEYS", key) end,
}

local function elements(redis, key)
  local kind = redis.call("TYPE", key).ok
  if not members[kind] then
    error(("'%s' is a %s; expected a list, a set, a sorted set or a hash"):format(
      show(key), kind), 0)
  end
  return members[kind](redis, key)
end

-- A value as one text, whatever the order in which Redis gives its parts.
local function packed(list, size, sorted)
  local parts = {}
  for i = 1, #list, size do
    local part = {}
    for k = i, i + size - 1 do
      part[#part + 1] = string.pack("s8", list[k])
    end
    parts[#parts + 1] = table.concat(part)
  end
  if sorted then
    table.sort(parts)
  end
  return table.concat(parts)
end

local contents = {
  none = function() return "" end,
  string = function(redis, key) return redis.call("GET", key) end,
  list = function(redis, key)
    return packed(redis.call("LRANGE", key, 0, -1), 1, false)
  end,
  set = function(redis, key) return packed(redis.call("SMEMBERS", key), 1, true) end,
  zset = function(redis, key)
    return packed(redis.call("ZRANGE", key, 0, -1, "WITHSCORES"), 2, true)
  end,
  hash = function(redis, key) return packed(redis.call("HGETALL", key), 2, true) end,
  stream = function(redis, key)
    local entries = {}
    for _, entry in ipairs(redis.call("XRANGE", key, "-", "+")) do
      entries[#entries + 1] = packed(entry[2], 1, false)
    end
    return packed(entries, 1, false)
  end,
}

local function value_of(redis, key)
  local kind = redis.call("TYPE", key).ok
  if not contents[kind] then
    error(("'%s' is a %s, which cannot be compared"):format(show(key), kind), 0)
  end
  return kind, contents[kind](redis, key)
end

-- `most` is a number of seconds, or the name of a parameter that is one, or nil.
local function seconds(most, p)
  local value = type(most) == "string" and p[most] or most
  if most ~= nil and type(value) ~= "number" then
    error(("there is no parameter '%s' that is a number of seconds"):format(show(most)), 0)
  end
  return value
end

-- How long a key has to live, ms; -1: for ever. A hash is gone with the last of its fields, if
-- each of them expires (Redis 7.4; before, there is no such command).
local function time_to_live(redis, key)
  local pttl = redis.call("PTTL", key)
  local fields = pttl == -1 and redis.call("TYPE", key).ok == "hash" and redis.call("HKEYS", key)
  if not fields then
    return pttl
  end
  local longest = 0
  for _, field in ipairs(fields) do
    local left = redis.pcall("HPTTL", key, "FIELDS", 1, field)
    if type(left) ~= "table" or left.err or left[1] == -1 then
      return -1
    end
    longest = math.max(longest, left[1])
  end
  return longest
end

function library.expires(pattern, most)
  local like = 'expires("lock:*", 60)'
  if not is_key(pattern) then
    mistake("expires: the pattern is %s; expected a string, as in %s", described(pattern), like)
  end
  if most ~= nil and type(most) ~= "string" and not (type(most) == "number" and most > 0) then
    mistake("expires: the longest time is %s; expected seconds above 0 or the name of a " ..
            "parameter, as in %s", type(most) == "number" and tostring(most) or described(most),
            like)
  end
  local function look(redis, p)
    local limit = seconds(most, p)
    local keys = redis.call("KEYS", pattern)
    local longest, first = 0, nil
    table.sort(keys)
    for _, key in ipairs(keys) do
      local pttl = time_to_live(redis, key)
      if pttl == -1 then
        first = first or ("'%s' never expires"):format(show(key))
        longest = math.huge
      elseif limit and pttl > limit * 1000 then
        first = first or ("'%s' expires in %.0f s, expected at most %s"):format(
          show(key), pttl / 1000, tostring(limit))
        longest = math.max(longest, pttl)
      end
    end
    library.violated_ms = longest
    if first then
      return false, first
    end
  end
  right_after_death[look] = true
  return look
end

function library.refers(fields)
  local expected = { from = true, to = true, like = 'refers{from = "queue", to = "job:%s"}' }
  check_fields("refers", fields, expected)
  local from, to = fields.from, fields.to
  if not is_key(from) then
    mistake("refers: from is %s; expected the key of a list, a set, a sorted set or a hash, " ..
            "as in %s", described(from), expected.like)
  end
  local _, places = (is_key(to) and to:gsub("%%%%", "") or ""):gsub("%%", "%%")
  if not is_key(to) or places ~= 1 or not to:gsub("%%%%", ""):find("%s", 1, true) then
    mistake("refers: to is %s; expected a format with one %%s, as in %s", described(to),
            expected.like)
  end
  return function(redis)
    for _, element in ipairs(elements(redis, from)) do
      local key = to:format(element)
      if redis.call("EXISTS", key) == 0 then
        return false, ("%s is in '%s' and does not exist"):format(show(key), show(from))
      end
    end
  end
end

function library.exactly_one(fields)
  local expected = { item = true, places = true,
                     like = 'exactly_one{item = "job:1", places = {"queue", "active"}}' }
  check_fields("exactly_one", fields, expected)
  local item, places = fields.item, {}
  if type(item) ~= "string" and math.type(item) ~= "integer" then
    mistake("exactly_one: item is %s; expected a string, as in %s", described(item),
            expected.like)
  end
  if type(fields.places) ~= "table" or #fields.places == 0 then
    mistake("exactly_one: places is %s; expected a list of keys, as in %s",
            type(fields.places) == "table" and "empty" or described(fields.places),
            expected.like)
  end
  for i, place in ipairs(fields.places) do
    if not is_key(place) then
      mistake("exactly_one: entry %d of places is %s; expected a key, as in %s", i,
              described(place), expected.like)
    end
    places[i] = place
  end
  item = tostring(item)
  return function(redis)
    local found = {}
    for _, place in ipairs(places) do
      for _, element in ipairs(elements(redis, place)) do
        if element == item then
          found[#found + 1] = "'" .. show(place) .. "'"
        end
      end
    end
    if #found == 0 then
      return false, ("%s is in none of '%s'"):format(show(item), table.concat(places, "', '"))
    elseif #found > 1 then
      return false, ("%s is in %s"):format(show(item), table.concat(found, " and in "))
    end
  end
end

function library.equal(...)
  local a, b = ...
  if select("#", ...) ~= 2 or not is_key(a) or not is_key(b) then
    mistake('equal: expected two keys, as in equal("a", "b")')
  end
  return function(redis)
    local kind_a, value_a = value_of(redis, a)
    local kind_b, value_b = value_of(redis, b)
    if kind_a ~= kind_b and (kind_a == "none" or kind_b == "none") then
      local there, missing = a, b
      if kind_a == "none" then
        there, missing = b, a
      end
      return false, ("'%s' exists and '%s' does not"):format(show(there), show(missing))
    elseif kind_a ~= kind_b or value_a ~= value_b then
      return false, ("'%s' and '%s' hold different values"):format(show(a), show(b))
    end
  end
end

-- One function for those of `names`; nil if there are none.
local function joined(invariants, names)
  if #names == 0 then
    return nil
  end
  return function(redis, p)
    for _, name in ipairs(names) do
      local ran, holds, text = pcall(invariants[name], redis, p)
      if not ran then
        holds, text = false, holds
      end
      if holds == false then
        text = type(text) == "string" and text or ran and "it does not hold" or
               "it raised a " .. type(text)
        error(name .. ": " .. text, 0)
      end
    end
  end
end

-- The functions that look right after a death, and once time has passed.
function library.join(invariants)
  local now, later, copy = {}, {}, {}
  for name, invariant in next, invariants do
    copy[name] = invariant
    table.insert(right_after_death[invariant] and now or later, name)
  end
  table.sort(now)
  table.sort(later)
  return joined(copy, now), joined(copy, later)
end

return library
