-- Spring Session for reactive applications saved a session by HMSET and EXPIRE without an order
-- between them; on two connections EXPIRE may come first. On a new session it then finds no key,
-- answers 0, and the session never expires: it can be used for ever, and nobody was killed.
--
--   versions                       on the wire                                 strategy here
--   before 2.7.4, 3.0.4, 3.1.3     EXPIRE, HMSET (the bad one of the orders)   old
--   from these on                  HMSET, wait, EXPIRE                         half
--   not in any release             MULTI HMSET, EXPIRE, EXEC                   new
--
-- `half` puts them in order, and leaves what a death between them leaves. One connection stands
-- here for two: what counts is the order in which Redis sees the commands. Later saves of a
-- session do no harm in any order, because HMSET keeps the expiry of a key that has one: try
-- --set fresh=0 (the expectations of `old` and `half` then fail, as they should).

local session = "spring:session:sessions:6dbb3a80-0b6a-4c4c-9d5e-0f0d1c8f4e5b"

local function save(redis, p)
  redis.call("HMSET", session, "creationTime", p.now * 1000, "lastAccessedTime", p.now * 1000,
             "maxInactiveInterval", p.ttl, "sessionAttr:user", "ada")
end

local function expire(redis, p)
  redis.call("EXPIRE", session, p.ttl)
end

return {
  title = "Spring Session: EXPIRE before HMSET",
  source = "https://github.com/spring-projects/spring-session/issues/2464",
  -- seconds to expiry and between saves; fresh = 1: the first save
  params = { ttl = 1800, period = 60, fresh = 1 },

  before = function(redis, p)
    if p.fresh == 0 then -- the save before this one
      save(redis, p)
      redis.call("EXPIRE", session, p.ttl - p.period)
    end
  end,

  strategies = {
    { name = "old", expect = "leaked",
      about = "before 2.7.4: EXPIRE may come first, and here it does",
      update = function(redis, p)
        expire(redis, p)
        save(redis, p)
      end },

    { name = "half", expect = "leaked",
      about = "2.7.4, 3.0.4, 3.1.3: HMSET, then EXPIRE",
      update = function(redis, p)
        save(redis, p)
        expire(redis, p)
      end },

    { name = "new", expect = "atomic", reference = true,
      about = "not in any release: both in MULTI",
      update = function(redis, p)
        redis.multi(function()
          save(redis, p)
          expire(redis, p)
        end)
      end },
  },
}
