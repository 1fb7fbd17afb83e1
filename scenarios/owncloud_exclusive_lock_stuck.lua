-- ownCloud and Nextcloud again (owncloud_shared_lock_stuck.lua): the writer's lock. The key is
-- made with 0, a compare-and-set makes it "exclusive", and its expiry comes last. A PHP process
-- killed before that locks the file for ever, readers and writers.
--
--   versions                 on the wire, each waits for its reply                 strategy here
--   PR 21073 (Dec 2015)      SETNX lock 0; WATCH, GET, MULTI SET, EXEC;            old
--                            EXPIRE lock 3600 ... release
--   Nextcloud, later         SET lock 0 NX EX 86400; a script: if GET is 0 then    half
--                            SET lock "exclusive"; EXPIRE lock 3600 ... release
--   not in any release       the same, and the script's SET has EX                 new
--
-- `half` makes the key with an expiry, and loses it on the way: the script's plain SET drops it.
-- Killed before EXEC, `old` leaves a 0, which blocks nobody but stays until the next writer
-- comes. Release is a compare-and-delete. (phpredis waits for each reply inside MULTI too;
-- nothing of a MULTI without EXEC is executed, so that this makes no difference here.)

local lock = "oc-lock:files/0d5c0f5cbb0bd7f0c5c5a8f8f0e7d3a1"

local cas = [[
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] then
  redis.call("SET", KEYS[1], ARGV[2], "EX", ARGV[3])
else
  redis.call("SET", KEYS[1], ARGV[2])
end
return 1
]]

local compare_and_delete = [[
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call("DEL", KEYS[1])
]]

local function write_and_release(redis, p)
  redis.call("SET", "oc-cache:last_write", p.now)
  redis.call("EVAL", compare_and_delete, 1, lock, '"exclusive"')
end

return {
  title = "ownCloud: an exclusive file lock without a writer",
  source = "https://github.com/owncloud/core/pull/21073",
  params = { made_ttl = 86400, ttl = 3600, period = 1 },

  strategies = {
    { name = "old", expect = { "leaked", "stuck" },
      about = "PR 21073: SETNX, compare-and-set by WATCH, EXPIRE",
      update = function(redis, p)
        redis.call("SETNX", lock, 0)
        redis.call("WATCH", lock)
        if redis.call("GET", lock) == "0" then
          redis.multi(function() redis.call("SET", lock, '"exclusive"') end)
          redis.call("EXPIRE", lock, p.ttl)
          write_and_release(redis, p)
        end
      end },

    { name = "half", expect = { "leaked", "stuck" },
      about = "later: SET NX EX, compare-and-set that drops the expiry, EXPIRE",
      update = function(redis, p)
        redis.call("SET", lock, 0, "NX", "EX", p.made_ttl)
        if redis.call("EVAL", cas, 1, lock, "0", '"exclusive"') == 1 then
          redis.call("EXPIRE", lock, p.ttl)
          write_and_release(redis, p)
        end
      end },

    { name = "new", expect = "safe", reference = true,
      about = "not in any release: the compare-and-set sets the expiry",
      update = function(redis, p)
        redis.call("SET", lock, 0, "NX", "EX", p.made_ttl)
        if redis.call("EVAL", cas, 1, lock, "0", '"exclusive"', p.ttl) == 1 then
          write_and_release(redis, p)
        end
      end },
  },

  -- A reader counts up, which fails while the value is not a number.
  alive = "INCRBY " .. lock .. " 1",
}
