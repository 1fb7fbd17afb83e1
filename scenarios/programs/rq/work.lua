-- An RQ worker in burst mode, as Debian has it, does one job. What matters of its 83 commands on five
-- connections, the horse being the child that it forks for each job:
--
--   worker   MULTI HSET rq:worker ; SADD rq:workers ; EXPIRE EXEC          it is born
--            LPOP rq:queue:mail                                            the job is in no list
--            HGETALL rq:job | EXPIRE | HSET | HSET state busy
--   horse    MULTI .. ZADD rq:wip:mail ; HSET rq:job status started EXEC   now it is in one
--            INCRBY done:1                                                 the job itself
--            MULTI .. ZADD rq:finished:mail ; ZREM rq:wip:mail EXEC
--   worker   HSET, EXPIRE ..; MULTI SREM rq:workers ; .. EXEC              it dies
--
-- Killed between LPOP and the horse's first EXEC, the job is in no queue and in no registry: lost, and its hash
-- stays for ever. Known: issues 580, 758 and 1716; later releases move the job to an intermediate queue by LMOVE
-- if the worker listens on one queue alone. Killed later, the next worker's
-- clean-up finds it in rq:wip when its time has passed, and says it has failed; somebody puts it back (survive.py
-- does as `rq requeue --all` does). If it was done already, then it is done twice: at least once is what RQ
-- promises.
--
-- It takes minutes: survivors at each of several moments, for each of some 25 states. So they are one process, which
-- starts once and not three times.
--
-- Sure of `lost`; that survivors get at all the others depends on their clock, as scores in rq:wip are times.

local work = { "/usr/bin/python3", "work.py" }
local enqueue = { "/usr/bin/python3", "enqueue.py" }
local survive = { "/usr/bin/python3", "survive.py" }

return {
  title = "RQ: a worker does a job",
  source = "https://github.com/rq/rq/issues/580",
  clock = "frozen",
  moments = { 7200 }, -- when everybody takes a dead worker for one: by times in the data

  before = { command = enqueue },

  strategies = {
    { name = "rq", expect = { "lost", "leaked", "duplicated" }, about = "1.13.0, python3-rq of Debian 12",
      command = work },
  },

  -- A worker, whose clean-up finds what has been abandoned; somebody who tries that again; a worker: in one process.
  recover = survive,
  alive = { "/usr/bin/python3", "again.py" },

  effects = { "done:*" },
  -- When finished jobs may be forgotten: a time from when they were done.
  ignore = { "rq:finished:mail" },
}
