-- A worker of node-resque takes a job from its queue, and notes in worker:NAME:QUEUES what it works
-- on. When a worker is found dead (its ping is old), the scheduler reads that note, puts the job
-- into the list `failed`, from where it can be tried again, and removes all that is known of the
-- worker.
--
--   versions         on the wire                                           strategy here
--   to 7.0.6         LPOP queue; SET worker; waits for each                old
--   7.2.1            WATCH, LINDEX, MULTI, LPOP, SET, EXEC, UNWATCH        watch
--   8.0.0 and later  one script: LPOP, SET (on Redis Cluster still `old`)  new
--
-- A worker killed between LPOP and SET takes the job with it: the job is in no queue, in no
-- worker's note and not among the failed ones. `watch` is as safe as the script against a death; it
-- lasted for one release.

local worker, queue = "app-1:4242+1", "resque:queue:mail"
local note = "resque:worker:" .. worker .. ":mail"

local function job(i)
  return string.format('{"class":"send","queue":"mail","args":[%d]}', i)
end

local function about(p, item)
  return string.format('{"run_at":%d,"queue":"mail","payload":%s,"worker":"%s"}',
                       p.now, item, worker)
end

local pop_and_store = [[
local item = redis.call("LPOP", KEYS[1])
if item then
  redis.call("SET", KEYS[2], '{"run_at":' .. ARGV[1] .. ',"queue":"' .. ARGV[2] .. '","payload":' ..
                             item .. ',"worker":"' .. ARGV[3] .. '"}')
end
return item
]]

return {
  title = "node-resque: a worker fetches a job",
  source = "https://github.com/actionhero/node-resque/pull/453",
  params = { period = 1 },

  -- Two jobs wait, and the worker has announced itself.
  before = function(redis, p)
    redis.call("SADD", "resque:queues", "mail")
    redis.call("RPUSH", queue, job(1), job(2))
    redis.call("SADD", "resque:workers", worker .. ":mail")
    redis.call("SET", "resque:worker:ping:" .. worker, p.now)
  end,

  strategies = {
    { name = "old", expect = "mixed",
      about = "to 7.0.6: LPOP, then SET",
      update = function(redis, p)
        local item = redis.call("LPOP", queue)
        redis.call("SET", note, about(p, item))
      end },

    { name = "watch", expect = "atomic",
      about = "7.2.1: look, then take and note in one transaction",
      update = function(redis, p)
        redis.call("WATCH", queue)
        local item = redis.call("LINDEX", queue, 0)
        redis.multi(function()
          redis.call("LPOP", queue)
          redis.call("SET", note, about(p, item))
        end)
        redis.call("UNWATCH")
      end },

    { name = "new", expect = "atomic", reference = true,
      about = "8.0.0: one script",
      update = function(redis, p)
        redis.call("EVAL", pop_and_store, 2, queue, note, p.now, "mail", worker)
      end },
  },

  -- forceCleanWorker(): the dead worker's job is a failed one, and the worker is forgotten.
  recover = function(redis, p)
    local working_on = redis.call("GET", note)
    if working_on then
      redis.call("RPUSH", "resque:failed", working_on)
    end
    redis.call("DEL", note, "resque:worker:ping:" .. worker)
    redis.call("SREM", "resque:workers", worker .. ":mail")
  end,
}
