-- The heartbeat of a Sidekiq process with 25 busy threads, as Debian has it: 6.4.1, the last release in which
-- the rows of the Busy page are written in a transaction, until 7.2.3.
--
--   MULTI ; INCRBY stat:.. ; UNLINK ID:workers ; HSET ID:workers, 25 times ; EXPIRE ID:workers 60 ; EXEC
--   | PING | MULTI ; SADD processes ID ; HMSET ID ; EXPIRE ID 60 ; RPOP ID-signals ; EXEC
--
-- 6.4.2 to 7.2.2 sent the first part without MULTI, and a death in it left the hash for ever (issue 6227; the
-- scenario sidekiq_busy compares the ways). redis-rb 4.8 writes each command by itself, which does not matter
-- in a transaction. The driver fills in what the threads do, and calls the heartbeat once: a real process
-- would send it after five seconds. It is the process's first one.
--
-- A control. Sure: one connection, two transactions, and all but the entry in `processes` expires; that one
-- goes when somebody looks at the Busy page.

local heartbeat = { "ruby", "heartbeat.rb" }

return {
  title = "Sidekiq: the heartbeat of a busy process",
  source = "https://github.com/sidekiq/sidekiq/issues/6227",
  clock = "frozen",

  strategies = {
    { name = "sidekiq", expect = "safe", about = "6.4.1, ruby-sidekiq of Debian 12", command = heartbeat },
  },

  recover = { { "ruby", "busy.rb" } },
  alive = heartbeat,
}
