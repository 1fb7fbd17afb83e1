-- `gap`: a cached value is deleted and set again. In between it is missing, which heals by itself:
-- it would expire anyway.
local function set(redis)
  redis.call("SET", "cache", "value", "EX", 60)
end

return {
  title = "a value that is missing for a moment",
  before = set,
  strategies = {
    { name = "delete-first", expect = "safe",
      update = function(redis)
        redis.call("DEL", "cache")
        set(redis)
      end },
    { name = "overwrite", expect = "atomic", reference = true, update = set },
  },
}
