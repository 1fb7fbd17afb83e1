-- RedisCache.add() of cachelib, as Debian has it: "set it if nobody has". Each command waits for its reply:
--
--   SETNX cache:digest-sent value | EXPIRE cache:digest-sent 3600
--
-- A process killed in between leaves an entry for ever, and no later add() of this key succeeds. The scenario
-- cachelib_add_immortal has the same as a model, with a cure. Searched in the issues of cachelib and
-- Flask-Caching: no report of this was found. (Issue 156 of cachelib is about the same function without a timeout.)
--
-- Sure: one connection and two commands.

local add = { "/usr/bin/python3", "add.py" }

return {
  title = "cachelib: add()",
  source = "https://github.com/pallets-eco/cachelib",

  strategies = {
    { name = "cachelib", expect = { "leaked", "stuck" }, about = "0.9.0, python3-cachelib of Debian 12",
      command = add },
  },

  alive = add,
}
