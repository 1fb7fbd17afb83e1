-- resque-scheduler keeps its cron-like schedule in the hash `schedules`. Resque.schedule = {...},
-- which programs do when they start, replaces it: every entry that is there is removed, then every
-- entry of the new schedule is written. Names of entries that changed go into a set, which running
-- schedulers empty while they reload. redis-rb writes the commands of a pipeline one by one.
--
--   versions          on the wire                                                     strategy here
--   to 3.0.x          {HDEL, SREM persisted, SADD changed} per entry, waits for each, old
--                     {HSET, SADD changed} per entry, waits for each
--   3.1.0 and later   the same commands inside one MULTI                              new
--
-- A program killed in between leaves a schedule that is empty or has only some of its entries, and
-- the running schedulers load that one: jobs silently do not run, until somebody sets the whole
-- schedule again. (Two programs that start at the same moment did the same to each other, which is
-- how it was found, in issue 437.)

local entries = {
  { "clean_up", '{"class":"CleanUp","cron":"0 3 * * *","queue":"low"}' },
  { "invoices", '{"class":"Invoices","cron":"0 6 1 * *","queue":"high"}' },
  { "reports", '{"class":"Reports","cron":"0 7 * * 1","queue":"low"}' },
}

local function remove(redis, name)
  redis.call("HDEL", "resque:schedules", name)
  redis.call("SREM", "resque:persisted_schedules", name)
  redis.call("SADD", "resque:schedules_changed", name)
end

local function set(redis, entry)
  redis.call("HSET", "resque:schedules", entry[1], entry[2])
  redis.call("SADD", "resque:schedules_changed", entry[1])
end

return {
  title = "resque-scheduler: the schedule is replaced",
  source = "https://github.com/resque/resque-scheduler/pull/439",

  -- The last deployment had all entries but one.
  before = function(redis, p)
    for i = 1, #entries - 1 do
      redis.call("HSET", "resque:schedules", entries[i][1], entries[i][2])
    end
  end,

  strategies = {
    { name = "old", expect = "lost",
      about = "to 3.0.x: entry by entry, each one a pipeline",
      update = function(redis, p)
        for _, name in ipairs(redis.call("HKEYS", "resque:schedules")) do
          redis.pipeline(function() remove(redis, name) end, { writes = "each" })
        end
        for _, entry in ipairs(entries) do
          redis.pipeline(function() set(redis, entry) end, { writes = "each" })
        end
      end },

    { name = "new", expect = "atomic", reference = true,
      about = "3.1.0: one transaction",
      update = function(redis, p)
        local names = redis.call("HKEYS", "resque:schedules")
        redis.multi(function()
          for _, name in ipairs(names) do remove(redis, name) end
          for _, entry in ipairs(entries) do set(redis, entry) end
        end, { writes = "each" })
      end },
  },

  -- The running schedulers take the names of what changed, and read the hash again.
  recover = function(redis, p)
    while redis.call("SPOP", "resque:schedules_changed") do end
  end,
}
