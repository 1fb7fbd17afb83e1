-- Parameters that decide what is found: from `from` keys on the last one gets its expiry too late,
-- unless `how` says that it is safe; and with how = "refuse" the scenario itself is wrong.
local function update(redis, p)
  for i = 2, p.keys do
    redis.call("SET", "key" .. i, "value", "EX", 60)
  end
  if p.how == "safe" or p.keys < p.from then
    redis.call("SET", "last", "value", "EX", 60)
  else
    redis.call("SET", "last", "value")
    redis.call("EXPIRE", "last", 60)
  end
end

return {
  title = "what is found depends on the parameters",
  params = { keys = 1, from = 1, how = "leak", strict = false },
  strategies = {
    { name = "set-then-expire", expect = "leaked", update = update },
    { name = "all-at-once", expect = "atomic", reference = true,
      update = function(redis, p)
        redis.multi(function() update(redis, p) end)
      end },
  },
  -- Then not even the reference is right: a mistake that shows only when it runs.
  alive = function(_, p)
    return p.how ~= "refuse"
  end,
}
