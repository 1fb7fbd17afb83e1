-- An RQ worker describes itself in a hash rq:worker:NAME that is to expire after 480 seconds, and
-- its heartbeats put that off. When the hash has lapsed meanwhile (the machine was suspended, or
-- the connection was gone for a while), the next heartbeat makes it anew, with one field and no
-- expiry.
--
--   versions     a heartbeat on the wire                             strategy here
--   1.13         EXPIRE; HSET last_heartbeat; waits for each         old
--   2.9          HSET; EXPIRE; waits for each                        half
--   (none)       MULTI, HSET all fields, EXPIRE, EXEC                new
--
-- `old` does the damage without any kill: EXPIRE finds no key, HSET creates one. The half fix turns
-- the two around, which leaves it to a worker that is killed between them. Either way a worker of
-- the same name refuses to start, for ever: "There exists an active worker named ...". With --set
-- lapsed=0 the hash is still there, HSET keeps its expiry, and all three are right.

local name = "rq:worker:app-1.4242"

local function all_fields(p)
  return "birth", p.now - 3600, "last_heartbeat", p.now, "queues", "default", "pid", 4242,
         "hostname", "app-1", "state", "idle"
end

return {
  title = "RQ: the heartbeat of a worker whose hash has lapsed",
  source = "https://github.com/rq/rq/issues/1276",
  params = { ttl = 480, period = 30, lapsed = 1 },

  -- The sets know the worker, the hash has expired.
  before = function(redis, p)
    redis.call("SADD", "rq:workers", name)
    redis.call("SADD", "rq:workers:default", name)
    if p.lapsed == 0 then
      redis.call("HSET", name, all_fields(p))
      redis.call("EXPIRE", name, p.ttl)
    end
  end,

  strategies = {
    { name = "old", expect = { "leaked", "stuck" },
      about = "1.13: EXPIRE, then HSET",
      update = function(redis, p)
        redis.call("EXPIRE", name, p.ttl)
        redis.call("HSET", name, "last_heartbeat", p.now)
      end },

    { name = "half", expect = { "leaked", "stuck" },
      about = "2.9: HSET, then EXPIRE",
      update = function(redis, p)
        redis.call("HSET", name, "last_heartbeat", p.now)
        redis.call("EXPIRE", name, p.ttl)
      end },

    { name = "new", expect = "atomic", reference = true,
      about = "in no release: all fields and the expiry in one transaction",
      update = function(redis, p)
        redis.multi(function()
          redis.call("HSET", name, all_fields(p))
          redis.call("EXPIRE", name, p.ttl)
        end)
      end },
  },

  -- clean_worker_registry(): members of the sets whose hash is gone.
  recover = function(redis, p)
    for _, member in ipairs(redis.call("SMEMBERS", "rq:workers")) do
      if redis.call("EXISTS", member) == 0 then
        redis.call("SREM", "rq:workers", member)
        redis.call("SREM", "rq:workers:default", member)
      end
    end
  end,

  -- register_birth() of a worker that is started in its place.
  alive = function(redis, p)
    if redis.call("EXISTS", name) == 1 and redis.call("HEXISTS", name, "death") == 0 then
      error("There exists an active worker named app-1.4242 already")
    end
  end,
}
