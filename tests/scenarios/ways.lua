-- All ways in which an update of several commands can be sent. Every command leaves a state of its
-- own (outside MULTI), and no two are of the same length, so that each crash point and each byte
-- position can be told from all others.
local function values(p, age)
  local words = {}
  for i = 1, p.keys do
    words[2 * i - 1] = "key:" .. i
    words[2 * i] = age .. string.rep("x", i * 37 % p.bytes) .. i
  end
  return words
end

local function set(redis, p)
  local words = values(p, "new")
  for i = 1, #words, 2 do
    redis.call("SET", words[i], words[i + 1])
  end
end

local function piped(options)
  return function(redis, p)
    redis.pipeline(function() set(redis, p) end, options and options(p))
  end
end

local function transaction(options)
  return function(redis, p)
    redis.multi(function() set(redis, p) end, options and options(p))
  end
end

local function chunks(p) return { chunk = p.chunk } end
local function chunks_reading(p) return { chunk = p.chunk, replies = "read" } end
local function each() return { writes = "each" } end
local function each_reading() return { writes = "each", replies = "read" } end

return {
  title = "all ways of sending",
  params = { keys = 8, bytes = 120, chunk = 150 },
  before = function(redis, p)
    redis.call("MSET", table.unpack(values(p, "old")))
  end,
  strategies = {
    { name = "waiting", expect = "mixed", update = set },
    { name = "one-buffer", expect = "mixed", update = piped() },
    { name = "chunks", expect = "mixed", update = piped(chunks) },
    { name = "chunks-reading", expect = "mixed", update = piped(chunks_reading) },
    { name = "each", expect = "mixed", update = piped(each) },
    { name = "each-reading", expect = "mixed", update = piped(each_reading) },
    { name = "multi", expect = "atomic", update = transaction() },
    { name = "multi-chunks", expect = "atomic", update = transaction(chunks) },
    { name = "multi-chunks-reading", expect = "atomic", update = transaction(chunks_reading) },
    { name = "multi-each", expect = "atomic", update = transaction(each) },
    { name = "multi-inside", expect = "mixed",
      update = function(redis, p)
        local words = values(p, "new")
        redis.pipeline(function()
          redis.call("SET", words[1], words[2])
          redis.multi(function() redis.call("MSET", table.unpack(words, 3)) end)
          redis.pcall("LPUSH", words[1], "an error that is only read")
          redis.call("PING")
        end, chunks_reading(p))
      end },
    { name = "script", expect = "atomic", reference = true,
      update = function(redis, p)
        redis.call("EVAL", "redis.call('MSET', unpack(ARGV))", 0,
                   table.unpack(values(p, "new")))
      end },
  },
}
