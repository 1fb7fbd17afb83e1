-- Functions that toss a coin, where it changes what is left or what is said of it. --set who=..: which one
-- does; `drain` asks for something random as well, and always leaves the same.
local function heads(redis)
  return redis.call("SRANDMEMBER", "coin") == "heads"
end

local function clean_up(redis, p)
  if p.who == "recover" and redis.call("EXISTS", "lock") == 1 and heads(redis) then redis.call("DEL", "lock") end
  if p.who == "script" then redis.call("EVAL", "redis.call('SET', 'last', redis.call('RANDOMKEY'))", 0) end
  if p.who == "clock" then redis.call("SET", "now", redis.call("TIME")[1]) end
  if p.who == "drain" then while redis.call("SPOP", "coin") do end end
end

return {
  title = "coins that are tossed",
  params = { who = "recover" },
  before = function(redis, p)
    redis.call("SADD", "coin", "heads", "tails")
    if p.who == "before" then redis.call("SET", "side", redis.call("SRANDMEMBER", "coin")) end
  end,
  strategies = {
    { name = "locked", reference = true,
      update = function(redis, p)
        redis.call("SET", "lock", "me")
        if p.who == "update" then redis.call("SET", "side", redis.call("SRANDMEMBER", "coin")) end
        redis.call("DEL", "lock")
        redis.call("SET", "done", 1)
      end },
    { name = "own", recover = function(redis, p)
        if p.who == "own" then redis.call("SET", "zombie", heads(redis) and 1 or 2) end
      end,
      update = function(redis) redis.call("SET", "done", 1) end },
  },
  recover = clean_up,
  alive = function(redis, p)
    return not (p.who == "alive" and redis.call("EXISTS", "lock") == 1) or heads(redis)
  end,
  invariants = {
    luck = function(redis, p)
      return not (p.who == "invariant" and redis.call("EXISTS", "lock") == 1) or heads(redis)
    end,
  },
}
