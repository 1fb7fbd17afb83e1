-- redis-semaphore (Ruby), the design under sidekiq-unique-jobs 5 and 6. A semaphore's tokens
-- wait in the list AVAILABLE and are noted in the hash GRABBED while somebody holds them. A
-- process killed between taking a token from the one and noting it in the other takes the token
-- with it. Users found semaphores with "only VERSION and EXISTS subkeys": nobody could ever lock
-- them again.
--
-- lock, each command waits for its reply:
--   GETSET EXISTS 1
--     if nil     EXPIRE EXISTS 10, MULTI DEL GRABBED, DEL AVAILABLE, RPUSH AVAILABLE 0, 1, ..,
--                SET VERSION 1, PERSIST EXISTS, EXEC
--     else       GET VERSION
--   LPOP AVAILABLE (BLPOP if one wants to wait), TIME, HSET GRABBED token time
-- unlock: MULTI HDEL GRABBED token, LPUSH AVAILABLE token, EXEC; one write per command in MULTI
--
-- Two places kill it: after GETSET (EXISTS stays, so that nobody makes the list), and between
-- LPOP and HSET. release_stale_locks! gives back what is in GRABBED, and the token is not.
--
--   versions             what they do                                      strategy here
--   to the last, 2017    as above                                          old
--   PR 66, not merged    made again if neither AVAILABLE nor GRABBED is    half
--                        there
--   not in any release   a script makes it; a script takes and notes       new
--
-- `half` repairs a semaphore of one token. One of several that loses a token never gets it back
-- before all are lost: try --set tokens=1, where its expectation fails, as it should.

local exists, version = "SEMAPHORE:import:EXISTS", "SEMAPHORE:import:VERSION"
local available, grabbed = "SEMAPHORE:import:AVAILABLE", "SEMAPHORE:import:GRABBED"

local make_script = [[
if redis.call("EXISTS", KEYS[1]) == 1 then return end
redis.call("MSET", KEYS[1], 1, KEYS[2], 1)
for i = 0, ARGV[1] - 1 do redis.call("RPUSH", KEYS[3], i) end
]]

local take_script = [[
local token = redis.call("LPOP", KEYS[1])
if token then redis.call("HSET", KEYS[2], token, ARGV[1]) end
return token
]]

local function make(redis, p)
  redis.call("EXPIRE", exists, 10)
  redis.multi(function()
    redis.call("DEL", grabbed)
    redis.call("DEL", available)
    for i = 0, p.tokens - 1 do
      redis.call("RPUSH", available, i)
    end
    redis.call("SET", version, 1)
    redis.call("PERSIST", exists)
  end, { writes = "each" })
end

-- The reply to TIME is what HSET writes; here it is p.now, so that every run writes the same.
local function take(redis, p, ask_time)
  if not redis.call("GETSET", exists, 1) then
    make(redis, p)
  elseif not redis.call("GET", version) then
    redis.call("SET", version, 1)
  end
  local token = redis.call("LPOP", available)
  if token then
    ask_time()
    redis.call("HSET", grabbed, token, p.now)
  end
  return token
end

local function give_back(redis, token)
  redis.multi(function()
    redis.call("HDEL", grabbed, token)
    redis.call("LPUSH", available, token)
  end, { writes = "each" })
end

local function use(redis, p)
  give_back(redis, take(redis, p, function() redis.call("TIME") end))
end

-- release_stale_locks!, long after
local function release_stale(redis)
  for _, token in ipairs(redis.call("HKEYS", grabbed)) do
    give_back(redis, token)
  end
end

return {
  title = "redis-semaphore: a token that is nowhere",
  source = "https://github.com/dv/redis-semaphore/issues/49",
  params = { tokens = 2, period = 60 },

  strategies = {
    { name = "old", expect = { "mixed", "stuck" },
      about = "to the last: LPOP, then HSET",
      update = use },

    { name = "half", expect = { "lost", "stuck" },
      about = "PR 66: the same; made again when all tokens are lost",
      update = use,
      recover = function(redis, p)
        release_stale(redis)
        if redis.call("EXISTS", available, grabbed) == 0 then
          redis.call("SET", exists, 1)
          make(redis, p)
        end
      end },

    { name = "new", expect = "safe", reference = true,
      about = "not in any release: two scripts",
      update = function(redis, p)
        redis.call("EVAL", make_script, 3, exists, version, available, p.tokens)
        give_back(redis, redis.call("EVAL", take_script, 2, available, grabbed, p.now))
      end },
  },

  recover = release_stale,

  -- As many workers as there are tokens want one. (What asks for the time is judged once more in
  -- another second, at each crash point: nobody waits for that here.)
  alive = function(redis, p)
    for _ = 1, p.tokens do
      if not take(redis, p, function() end) then
        return false
      end
    end
  end,
}
