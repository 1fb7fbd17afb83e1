-- node-resque's QueueLock plugin: a job is not enqueued while one with the same arguments waits.
-- A lock is taken in enqueue() and deleted by the worker that begins the job. An enqueuer killed
-- in between leaves a lock without a job: enqueue() of the same arguments returns false and
-- nothing is queued.
--
--   versions             on the wire, each waits for its reply                strategy here
--   5.5.7                SETNX lock expires-at, SADD queues, RPUSH queue job  old
--   9.x (to 9.7.1)       SETNX, EXPIRE lock 3600, MULTI SADD, RPUSH, EXEC     half
--   not in any release   a script: SET NX EX, SADD, RPUSH                     new
--
-- The value of the lock says until when it counts, so the next enqueue() of the same arguments
-- after that hour takes it over: nobody is stuck. But arguments like an order's number never
-- come again, and their locks stay for ever: in `old` wherever it dies, in `half` between SETNX
-- and EXPIRE. A death after EXPIRE suppresses the job for an hour. Time heals that, but a job that
-- is suppressed is what this bug is about: more than a minute of it counts as harm.

local queue, queues = "resque:queue:mail", "resque:queues"
local lock = 'resque:lock:sendInvoice:mail:[4711]'
local job = '{"class":"sendInvoice","queue":"mail","args":[4711]}'
local hour = 3600

local function push(redis)
  redis.call("SADD", queues, "mail")
  redis.call("RPUSH", queue, job)
end

local script = [[
if not redis.call("SET", KEYS[1], ARGV[1], "NX", "EX", ARGV[2]) then return 0 end
redis.call("SADD", KEYS[2], ARGV[3])
redis.call("RPUSH", KEYS[3], ARGV[4])
return 1
]]

return {
  title = "node-resque: a queue lock without a job",
  source = "https://github.com/actionhero/node-resque",
  params = { period = 1 },
  tolerate = 60,

  before = "SADD " .. queues .. " mail",

  strategies = {
    { name = "old", expect = "leaked",
      about = "5.5.7: SETNX, SADD, RPUSH; the lock has no expiry",
      update = function(redis, p)
        if redis.call("SETNX", lock, p.now + hour + 1) == 1 then
          push(redis)
        end
      end },

    { name = "half", expect = "leaked",
      about = "9.x: SETNX, EXPIRE, then the job in MULTI",
      update = function(redis, p)
        if redis.call("SETNX", lock, p.now + hour + 1) == 1 then
          redis.call("EXPIRE", lock, hour)
          redis.multi(function() push(redis) end)
        end
      end },

    { name = "new", expect = "atomic", reference = true,
      about = "not in any release: lock and job in one script",
      update = function(redis, p)
        redis.call("EVAL", script, 3, lock, queues, queue, p.now + hour + 1, hour, "mail", job)
      end },
  },

  -- A worker: beforePerform deletes the lock.
  recover = function(redis)
    while redis.call("LPOP", queue) do
      redis.call("DEL", lock)
      redis.call("INCR", "resque:stat:processed")
    end
  end,

  -- enqueue() of the same arguments, after the hour
  alive = function(redis, p)
    local expires_at = redis.call("GET", lock)
    return not expires_at or p.now + hour + 2 > tonumber(expires_at)
  end,
}
