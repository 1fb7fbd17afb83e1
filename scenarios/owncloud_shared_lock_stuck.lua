-- ownCloud and Nextcloud, file locks in Redis. Readers of a file share a counter; a writer needs
-- it to be gone. A PHP process killed while it reads never counts down: "File is locked" for
-- every later upload.
--
--   versions                 on the wire, each waits for its reply        strategy here
--   before PR 21073          INCRBY lock 1 ... release                    old
--   PR 21073 (Dec 2015) on   INCRBY lock 1, EXPIRE lock 3600 ... release  half
--   not in any release       a script: INCRBY, EXPIRE                     new
--
-- Release deletes the key if it is 1 (compare-and-delete), else counts down. PR 21073 gives
-- leftover locks an hour, but not those of a process killed between INCRBY and EXPIRE. (PR 37469
-- of 2023 is about something else: every reader of a busy file renewed the hour of a leftover
-- count, so that it never ended.)

local lock = "oc-lock:files/0d5c0f5cbb0bd7f0c5c5a8f8f0e7d3a1"

local release = [[
if redis.call("GET", KEYS[1]) == "1" then return redis.call("DEL", KEYS[1]) end
return redis.call("DECRBY", KEYS[1], 1)
]]

local lock_script = [[
local count = redis.call("INCRBY", KEYS[1], 1)
redis.call("EXPIRE", KEYS[1], ARGV[1])
return count
]]

local function read_and_release(redis, p)
  redis.call("SET", "oc-cache:last_read", p.now)
  redis.call("EVAL", release, 1, lock)
end

return {
  title = "ownCloud: a shared file lock without a reader",
  source = "https://github.com/owncloud/core/issues/20380",
  params = { ttl = 3600, period = 1 },

  strategies = {
    { name = "old", expect = { "leaked", "stuck" },
      about = "before PR 21073: INCRBY; no expiry at all",
      update = function(redis, p)
        redis.call("INCRBY", lock, 1)
        read_and_release(redis, p)
      end },

    { name = "half", expect = { "leaked", "stuck" },
      about = "PR 21073: INCRBY, then EXPIRE",
      update = function(redis, p)
        redis.call("INCRBY", lock, 1)
        redis.call("EXPIRE", lock, p.ttl)
        read_and_release(redis, p)
      end },

    { name = "new", expect = "safe", reference = true,
      about = "not in any release: both in a script",
      update = function(redis, p)
        redis.call("EVAL", lock_script, 1, lock, p.ttl)
        read_and_release(redis, p)
      end },
  },

  -- A writer: makes the counter if there is none, and needs it to be 0.
  alive = function(redis, p)
    redis.call("SET", lock, 0, "NX", "EX", p.ttl)
    return redis.call("GET", lock) == "0"
  end,
}
