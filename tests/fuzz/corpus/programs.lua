return {
  dir = ".",
  env = { A = "{url}", B = 2 },
  params = { jobs = 5 },
  before = { { "node", "a.js" }, "SET k v", function() end },
  strategies = {
    { name = "one", command = { "node", "work.js", 5 } },
    { name = "two", update = "INCR k", recover = { command = { "x" } }, alive = { "y", "z" } },
  },
  clock = "frozen",
  seed = 3,
  timeout = "5m",
  settle = 2,
  vary = { "x*" },
  effects = { "done:*" },
  ignore = { "a#b", "c\\#d" },
}
