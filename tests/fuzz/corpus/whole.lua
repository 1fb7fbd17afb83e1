return {
  title = "all keys", source = "https://example.org",
  params = { n = 5, f = 2.5, s = "x", b = true },
  before = function(redis, p) end, recover = function(redis, p) end, alive = function() end,
  ignore = { "stat:*" }, ordered = { "log", "q[0-9]" }, zero = { "n*" },
  invariants = {
    ttl = expires("lock:*", "n"), known = refers{ from = "q", to = "j:%s" },
    once = exactly_one{ item = "i", places = { "q", "a" } }, same = equal("a", "b"),
    own = function(redis) return redis.call("EXISTS", "k") == 0, "k" end,
  },
  strategies = {
    { name = "old", about = "x", expect = { "leaked", "broken" }, update = function() end },
    { name = "new", expect = "atomic", reference = true, update = function() end,
      recover = function() end },
  },
}
