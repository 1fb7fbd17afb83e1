-- `stuck`: a lock that nobody takes away. `alive` is the next worker's attempt to take it, which is
-- refused (alive returns false) or raises, as --set how=refuse|raise|call says.
local function locked(redis, ...)
  redis.call("SET", "lock", "mine", "NX", ...)
  redis.call("SET", "result", "42")
  redis.call("DEL", "lock")
end

return {
  title = "a lock that stays",
  params = { how = "refuse" },
  strategies = {
    { name = "lock", expect = { "leaked", "stuck" },
      update = function(redis) locked(redis) end },
    { name = "lock-with-expiry", expect = "safe", reference = true,
      update = function(redis) locked(redis, "EX", 60) end },
  },
  alive = function(redis, p)
    local taken = redis.call("SET", "lock", "next", "NX")
    if not taken and p.how == "raise" then
      error("somebody else has the lock")
    elseif not taken and p.how == "call" then
      redis.call("INCR", "lock")
    end
    return taken ~= false
  end,
}
