-- Sentry does not write every event's counters to its database. It adds them up in hashes,
-- b:k:..., whose keys wait in the sorted set b:p. Every ten seconds a task takes the lock l:b:p
-- and sends the waiting keys to workers; those read a hash, delete it and write its counters to
-- SQL. To 2015:
--
--   SETNX l:b:p 1;  EXPIRE l:b:p 60;  ZRANGE b:p;  LPUSH counters-0 KEY, for each;
--   MULTI, ZREM b:p KEYS, EXEC;  DEL l:b:p
--
-- Each command waits for its reply, MULTI leaves as one. A task killed after SETNX leaves a lock
-- that never expires: no task ever gets it again, and nothing that Sentry counts is written any
-- more. PR 1509 made it SET NX EX (`fixed`). A task killed later is no harm: the next one sends
-- the same keys once more, and a worker that finds no hash does nothing.
--
-- PR 5260 of 2017 sends the keys in batches (`batched`). In the sources that were read, of 2024 the
-- last, a batch that is not full goes out at the end, after ZREM. A task killed in between has taken
-- keys from b:p that no worker was told of. Only another event of the same kind puts them back, which
-- is not modelled; where none comes, their counters expire unwritten. In `new` all batches go out
-- before ZREM. --set keys=4 ends that bug (its expectation fails): all batches are full.
--
-- counters-0 is Celery's queue, in Redis, too, and its messages are only keys here. The hash `sql`
-- stands for the database, so that a counter that was written differs from one that was lost. In
-- truth hashes expire an hour after the last event. Here they do not: all expiries pass before
-- survivors act, and the next task comes long before that one. With it no loss would be seen.
--
-- Commands and their order are from Sentry's sources; nothing of it was run.

local lock, pending, tasks = "l:b:p", "b:p", "counters-0"

local function set_nx_ex(redis) return redis.call("SET", lock, "1", "NX", "EX", 60) end

local function one_by_one(redis)
  local keys = redis.call("ZRANGE", pending, 0, -1)
  for _, key in ipairs(keys) do redis.call("LPUSH", tasks, key) end
  if #keys > 0 then
    redis.multi(function() redis.call("ZREM", pending, table.unpack(keys)) end)
  end
  redis.call("DEL", lock)
end

-- Full batches are sent; the rest is returned.
local function send_full(redis, p, keys)
  local batch = {}
  for _, key in ipairs(keys) do
    table.insert(batch, key)
    if #batch == p.batch then
      redis.call("LPUSH", tasks, table.concat(batch, " "))
      batch = {}
    end
  end
  return batch
end

local function send_rest(redis, batch)
  if #batch > 0 then redis.call("LPUSH", tasks, table.concat(batch, " ")) end
end

-- Workers: every counter in every message goes to SQL. One that has gone there leaves no hash.
local function work(redis)
  local message = redis.call("RPOP", tasks)
  while message do
    for key in message:gmatch("%S+") do
      local seen = redis.call("HGET", key, "i+times_seen")
      if seen then
        redis.call("DEL", key)
        redis.call("HINCRBY", "sql", key, seen)
      end
    end
    message = redis.call("RPOP", tasks)
  end
end

return {
  title = "Sentry: counters in a buffer that is never emptied",
  source = "https://github.com/getsentry/sentry/pull/1509",
  params = { keys = 3, batch = 2, period = 10 },

  before = function(redis, p)
    for i = 1, p.keys do
      local key = "b:k:sentry.groupedmessage:" .. i
      redis.call("HSET", key, "m", "sentry.models.Group", "i+times_seen", i)
      redis.call("ZADD", pending, p.now, key)
    end
  end,

  -- Ten seconds later the next task, and the workers all the time.
  recover = function(redis)
    if set_nx_ex(redis) then one_by_one(redis) end
    work(redis)
  end,

  alive = set_nx_ex,

  strategies = {
    { name = "old", expect = { "leaked", "lost", "stuck" },
      about = "before PR 1509: SETNX, then EXPIRE",
      update = function(redis)
        if redis.call("SETNX", lock, "1") == 1 then
          redis.call("EXPIRE", lock, 60)
          one_by_one(redis)
        end
      end },

    { name = "fixed", expect = "safe", about = "PR 1509: SET NX EX",
      update = function(redis)
        if set_nx_ex(redis) then one_by_one(redis) end
      end },

    { name = "batched", expect = { "leaked", "lost" },
      about = "PR 5260: batches, the last of them after ZREM",
      update = function(redis, p)
        if set_nx_ex(redis) then
          local keys = redis.call("ZRANGE", pending, 0, -1)
          local rest = send_full(redis, p, keys)
          redis.call("ZREM", pending, table.unpack(keys))
          send_rest(redis, rest)
          redis.call("DEL", lock)
        end
      end },

    { name = "new", expect = "safe", reference = true,
      about = "in no release: SET NX EX, and all batches before ZREM",
      update = function(redis, p)
        if set_nx_ex(redis) then
          local keys = redis.call("ZRANGE", pending, 0, -1)
          send_rest(redis, send_full(redis, p, keys))
          redis.call("ZREM", pending, table.unpack(keys))
          redis.call("DEL", lock)
        end
      end },
  },
}
