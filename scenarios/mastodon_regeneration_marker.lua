-- Mastodon: who comes back after a while finds no home feed in Redis. Signing in sets a marker
-- and enqueues a job that builds the feed and deletes the marker; while there is one, the page
-- says "regenerating". A web process killed before it has enqueued leaves a page that says so
-- for ever. A rake task was added to remove such markers.
--
--   versions                 on the wire, each waits for its reply                strategy here
--   before PR 6290           SETNX marker true, then the job. EXPIRE was in the   old
--                            code and not sent: a boolean was compared with 1
--   PR 6290 (January 2018)   SETNX, EXPIRE marker 86400, then the job             half
--   later                    SET marker true NX EX 86400, then the job            new
--   (none)                   marker and job in one script                         script
--
-- The job is Sidekiq's MULTI SADD queues, LPUSH queue, EXEC. `half` still leaks between SETNX
-- and EXPIRE. A death between marker and job leaves `new` without a feed for a day. Time heals
-- that, but who comes back looks at the page for all of that day: here more than a minute of it
-- is not tolerated, and only `script` does no harm.

local marker, feed = "account:7:regeneration", "feed:home:7"
local job = '{"class":"RegenerationWorker","args":[7],"jid":"b4a577edbccf1d805744efa9"}'

local function enqueue(redis)
  redis.multi(function()
    redis.call("SADD", "queues", "default")
    redis.call("LPUSH", "queue:default", job)
  end, { writes = "each" })
end

local script = [[
if not redis.call("SET", KEYS[1], "true", "NX", "EX", ARGV[1]) then return 0 end
redis.call("SADD", KEYS[2], ARGV[2])
redis.call("LPUSH", KEYS[3], ARGV[3])
return 1
]]

return {
  title = "Mastodon: a home feed that regenerates for ever",
  source = "https://github.com/mastodon/mastodon/pull/6290",
  params = { ttl = 86400, period = 86400 },
  tolerate = 60,

  before = "SADD queues default",

  strategies = {
    { name = "old", expect = { "leaked", "stuck" },
      about = "before PR 6290: SETNX and the job; EXPIRE is never sent",
      update = function(redis)
        if redis.call("SETNX", marker, "true") == 1 then
          enqueue(redis)
        end
      end },

    { name = "half", expect = { "leaked", "stuck" },
      about = "PR 6290: SETNX, EXPIRE, the job",
      update = function(redis, p)
        if redis.call("SETNX", marker, "true") == 1 then
          redis.call("EXPIRE", marker, p.ttl)
          enqueue(redis)
        end
      end },

    { name = "new", expect = { "leaked", "stuck" },
      about = "later: SET NX EX, the job",
      update = function(redis, p)
        if redis.call("SET", marker, "true", "NX", "EX", p.ttl) then
          enqueue(redis)
        end
      end },

    { name = "script", expect = "atomic", reference = true,
      about = "in no release: marker and job in one script",
      update = function(redis, p)
        redis.call("EVAL", script, 3, marker, "queues", "queue:default", p.ttl, "default", job)
      end },
  },

  -- Sidekiq runs what is queued: RegenerationWorker.
  recover = function(redis, p)
    while redis.call("RPOP", "queue:default") do
      redis.call("ZADD", feed, p.now, "99876543210")
      redis.call("DEL", marker)
    end
  end,

  -- The page says "regenerating" while there is a marker.
  alive = function(redis)
    return redis.call("EXISTS", marker) == 0
  end,
}
