-- rate-limiter-flexible's RateLimiterRedis.consume(): since 2.0.0 one script.
--
--   EVAL: SET limit:203.0.113.7 0 EX 60 NX, INCRBY, PTTL, EXPIRE if there is none | QUIT
--
-- 1.x sent SET .. NX and INCRBY in a transaction and EXPIRE behind it if it was missing, which is safe as well
-- (the scenario control_rate_limiter_flexible). Asked in issue 86 whether keys ever stay, the author says: not
-- unless the duration is 0.
--
-- A control. Sure: one connection, one command.

local consume = { "node", "consume.js" }

return {
  title = "rate-limiter-flexible: a point is consumed",
  source = "https://github.com/animir/node-rate-limiter-flexible/issues/86",

  strategies = {
    { name = "rate-limiter-flexible", expect = "atomic", about = "11.4.0, by ioredis 5.11.1",
      command = consume },
  },

  -- The next request
  alive = consume,
}
