-- Bull's queue.empty() drops all waiting jobs. It reads and deletes the lists in one transaction,
-- learns from it which jobs there were, and deletes their hashes in a second one:
--
--   MULTI, LRANGE wait, LRANGE paused, DEL wait, paused, meta-paused, delayed, EXEC;
--   MULTI, DEL all those jobs, EXEC
--
-- So from 0.x to the last release, 4.16.5. Killed in between it leaves the hashes of all jobs that
-- were waiting, which nothing refers to any more: the comment above the function says that there
-- will be zombie jobs, and that it should be a script. `new`, which was never released, is that
-- script.
--
-- A second fault needs no kill: the delayed jobs' hashes are never deleted, because nobody reads
-- which ones they are. Try --set delayed=1: `old` then does damage even when it runs to its end.

local empty = [[
local ids = {}
for _, list in ipairs({ KEYS[1], KEYS[2] }) do
  for _, id in ipairs(redis.call("LRANGE", list, 0, -1)) do ids[#ids + 1] = id end
end
for _, id in ipairs(redis.call("ZRANGE", KEYS[4], 0, -1)) do ids[#ids + 1] = id end
redis.call("DEL", unpack(KEYS))
for _, id in ipairs(ids) do redis.call("DEL", ARGV[1] .. id) end
]]

return {
  title = "Bull: a queue is emptied",
  source = "https://github.com/OptimalBits/bull",
  params = { waiting = 3, delayed = 0 },

  before = function(redis, p)
    redis.call("SET", "bull:email:id", p.waiting + p.delayed)
    for id = 1, p.waiting + p.delayed do
      redis.call("HSET", "bull:email:" .. id, "data", '{"to":"a@example.org"}', "opts", "{}")
      if id <= p.waiting then
        redis.call("LPUSH", "bull:email:wait", id)
      else
        redis.call("ZADD", "bull:email:delayed", (p.now + 3600) * 1000, id)
      end
    end
  end,

  strategies = {
    { name = "old", expect = "mixed",
      about = "all versions: the lists in one transaction, the jobs in the next",
      update = function(redis, p)
        local replies = redis.multi(function()
          redis.call("LRANGE", "bull:email:wait", 0, -1)
          redis.call("LRANGE", "bull:email:paused", 0, -1)
          for _, list in ipairs({ "wait", "paused", "meta-paused", "delayed" }) do
            redis.call("DEL", "bull:email:" .. list)
          end
        end)
        local jobs = {}
        for list = 1, 2 do
          for _, id in ipairs(replies[list]) do
            jobs[#jobs + 1] = "bull:email:" .. id
          end
        end
        if #jobs > 0 then
          redis.multi(function() redis.call("DEL", table.unpack(jobs)) end)
        end
      end },

    { name = "new", expect = "atomic", reference = true,
      about = "in no release: one script, delayed jobs too",
      update = function(redis, p)
        redis.call("EVAL", empty, 4, "bull:email:wait", "bull:email:paused",
                   "bull:email:meta-paused", "bull:email:delayed", "bull:email:")
      end },
  },
}
