-- An update of any size, for bench/growth: a hash of p.jobs fields with p.bytes bytes each, and nothing
-- else in it that could grow.
local work = "app-1:4242:9f8e7d6c5b4a:work"

local function all_jobs(p)
  local words, value = { work }, string.rep("x", p.bytes)
  for i = 1, p.jobs do
    words[2 * i], words[2 * i + 1] = string.format("%06x", i), value
  end
  return table.unpack(words)
end

local function write(redis, p)
  redis.call("UNLINK", work)
  redis.call("HSET", all_jobs(p))
  redis.call("EXPIRE", work, 60)
end

return {
  title = "an update of any size",
  params = { jobs = 25, bytes = 560 },
  before = write,
  strategies = {
    { name = "batched-multi", expect = "atomic",
      update = function(redis, p)
        redis.multi(function() write(redis, p) end)
      end },
  },
}
