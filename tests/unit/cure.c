/* cure: the pair of commands that must be one, and the cure, for real bugs.
 *
 * A row is an update as it was on the wire, the first crash point with lasting harm and
 * the first one after it without. The letters are how the bugs are sorted: locks (A),
 * counters (B), values with an expiry (C), queues (D). */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "redis/command.h"
#include "result/cure.h"
#include "state/verdict.h"

enum {
    LEAKED = LATER_LEAKED,
    LOST = LATER_LOST,
    MIXED = LATER_MIXED,
    NEVER = 1000, /* even the complete update does harm */
};

struct update {
    struct command commands[40];
    size_t count;
};

static struct command parse_command(char *text)
{
    const char *argv[32];
    size_t lengths[32];
    struct command command;
    int argc = 0;

    while (text) {
        char *word = strsep(&text, " ");

        if (!*word)
            continue;
        argv[argc] = word;
        lengths[argc++] = strlen(word);
    }
    command_parse(&command, argc, argv, lengths);
    return command;
}

/* Commands are separated by ";". */
static struct update parse(const char *text)
{
    char *copy = mem_strdup(text), *rest = copy;
    struct update update = { .count = 0 };

    while (rest)
        update.commands[update.count++] = parse_command(strsep(&rest, ";"));
    free(copy);
    return update;
}

struct row {
    const char *name, *commands;
    size_t first, healed;
    unsigned later;
    bool key_was_there;
    const char *pair;    /* how it begins; NULL: there is none */
    const char *cure[2]; /* and what it contains */
};

static const struct row rows[] = {
    /* Locks. */
    { "A1 Laravel, A2 Horizon, A5 Sentry, C7 cachelib",
      "SETNX lock me; EXPIRE lock 10",
      1,
      2,
      LEAKED,
      false,
      "SETNX lock and EXPIRE lock must be one:",
      { "SET lock value NX EX seconds is one command" } },
    { "A3 redis-py, A6 ShedLock, A7 Beaker",
      "SETNX lock me; PEXPIRE lock 10000",
      1,
      2,
      LEAKED,
      false,
      "SETNX lock and PEXPIRE lock must be one:",
      { "SET lock value NX PX milliseconds is one command" } },
    { "a lock that only its owner ends",
      "SET lock me NX; SET report 1; DEL lock",
      1,
      3,
      LEAKED,
      false,
      "SET lock holds until DEL lock,",
      { "lock needs an expiry from the start", "SET lock value NX EX seconds" } },
    { "A3 redis-py, a lock without a timeout, taken and released by scripts",
      "EVAL take 1 lock me; SET report 1; EVAL release 1 lock me",
      1,
      3,
      LEAKED,
      false,
      "EVAL lock take holds until EVAL lock release,",
      { "lock needs an expiry from the start", "in the script" } },
    { "A14 ownCloud, a shared lock is a count",
      "INCRBY lock 1; SET file 1; EVAL release 1 lock",
      1,
      3,
      LEAKED,
      false,
      "INCRBY lock holds until EVAL lock,",
      { "lock needs an expiry from the start", "INCR and EXPIRE" } },
    { "a lock whose expiry is longer than what is tolerated",
      "SET lock me NX EX 43200; SET report 1; DEL lock",
      1,
      3,
      LEAKED,
      false,
      "SET lock holds until DEL lock,",
      { "its expiry, which is longer than what is tolerated" } },
    { "a stream and its group are no elements of one command",
      "XADD s * f v; XGROUP CREATE s g 0",
      1,
      2,
      LEAKED,
      false,
      "XADD s and XGROUP s must be one:",
      { "put both into one MULTI .. EXEC" } },
    { "what SMOVE moves is not lost",
      "SMOVE s t a; HSET state a moved",
      1,
      2,
      MIXED,
      false,
      "SMOVE s and HSET state must be one: put both into one MULTI .. EXEC, or a script",
      { "or a script" } },
    { "a transfer skips no numbers",
      "DECRBY a 10; INCRBY b 10",
      1,
      2,
      MIXED,
      false,
      "DECRBY a and INCRBY b must be one: put both into one MULTI .. EXEC, or a script",
      { "or a script" } },
    { "a lock until a time",
      "SET lock me NX; EXPIREAT lock 10000",
      1,
      2,
      LEAKED,
      false,
      "SET lock and EXPIREAT lock must be one:",
      { "SET lock value NX EXAT time" } },
    { "A4 Mastodon, stage 0",
      "SETNX m true; LPUSH queue:pull job",
      1,
      NEVER,
      LEAKED,
      false,
      "nothing ends what SETNX m begins:",
      { "m needs an expiry (SET m value NX EX seconds), or to be deleted" } },
    { "A4 Mastodon, stage 1",
      "SETNX m true; EXPIRE m 86400; SADD queues pull; LPUSH queue:pull job",
      1,
      2,
      LEAKED,
      false,
      "SETNX m and EXPIRE m must be one:",
      { "SET m value NX EX" } },
    { "A9 redis-semaphore, first crash point",
      "GETSET s:EXISTS 1; EXPIRE s:EXISTS 10; MULTI; DEL s:GRABBED; DEL s:AVAILABLE; "
      "RPUSH s:AVAILABLE 0; SET s:VERSION 1; PERSIST s:EXISTS; EXEC; LPOP s:AVAILABLE; "
      "HSET s:GRABBED 0 time",
      1,
      2,
      LEAKED,
      false,
      "GETSET s:EXISTS and EXPIRE s:EXISTS must be one:",
      { "SET s:EXISTS value EX seconds GET is one command (Redis 6.2)" } },
    { "A9 redis-semaphore, the token",
      "LPOP s:AVAILABLE; HSET s:GRABBED 0 time",
      1,
      2,
      MIXED,
      false,
      "LPOP s:AVAILABLE and HSET s:GRABBED must be one:",
      { "a script, if HSET s:GRABBED needs the reply of LPOP" } },
    { "A9 redis-semaphore, PR #39",
      "SET e 1 EX 10; GETSET e 1",
      2,
      NEVER,
      LEAKED,
      false,
      "GETSET e drops the expiry that SET has set",
      { "KEEPTTL" } },
    { "A10 redis-semaphore (Python)",
      "GETSET check 1; EXPIRE check 10",
      1,
      2,
      LEAKED,
      false,
      "GETSET check and EXPIRE check must be one:",
      { "EX seconds GET" } },
    { "A12 resque-lock-timeout",
      "SETNX lock 1; SADD resque:queues q; RPUSH resque:queue:q job",
      1,
      3,
      LEAKED,
      false,
      "SETNX lock and RPUSH resque:queue:q must be one:",
      { "a script, because RPUSH resque:queue:q depends on the reply of SETNX",
        "SET lock value NX EX" } },
    { "A13 node-resque",
      "SETNX lock 1; EXPIRE lock 3600; MULTI; SADD queues q; RPUSH queue:q job; EXEC",
      1,
      2,
      LEAKED,
      false,
      "SETNX lock and EXPIRE lock must be one:",
      { "NX EX seconds" } },
    { "A13 node-resque, lock without job",
      "SET lock 1 NX EX 9; MULTI; SADD queues q; RPUSH queue:q job; EXEC",
      1,
      5,
      LATER_STUCK,
      false,
      "SET lock and SADD queues must be one:",
      { "a script, because SADD queues depends on the reply of SET" } },
    { "A14 ownCloud, stage 0",
      "INCRBY path 1",
      1,
      NEVER,
      LEAKED,
      false,
      "nothing ends what INCRBY path begins:",
      { "path needs an expiry (EXPIRE path seconds NX" } },
    { "A14 ownCloud, shared",
      "INCRBY path 1; EXPIRE path 3600",
      1,
      2,
      LEAKED,
      false,
      "INCRBY path and EXPIRE path must be one:",
      { "MULTI", "EXPIRE path .. NX" } },
    { "A14 ownCloud, exclusive",
      "SET path 0 NX EX 86400; EVAL cas 1 path; EXPIRE path 3600",
      2,
      3,
      LEAKED,
      false,
      "EVAL path and EXPIRE path must be one:",
      { "the script can call EXPIRE path itself" } },
    { "A14 ownCloud, without the script",
      "SET path 0 NX EX 86400; SET path exclusive",
      2,
      NEVER,
      LEAKED,
      false,
      "SET path drops the expiry that SET has set:",
      { "KEEPTTL" } },

    /* Counters. */
    { "B1 limits, B3 rate-limit-redis stage 0",
      "INCR rl:ip; EXPIRE rl:ip 60",
      1,
      2,
      LEAKED,
      false,
      "INCR rl:ip and EXPIRE rl:ip must be one:",
      { "MULTI .. EXEC around both, with EXPIRE rl:ip .. NX (Redis 7), or a script" } },
    { "B2 Kong",
      "EXISTS k1; EXISTS k2; INCRBY k1 1; EXPIRE k1 60; INCRBY k2 1; EXPIRE k2 3600",
      3,
      4,
      LEAKED,
      false,
      "INCRBY k1 and EXPIRE k1 must be one:",
      { "MULTI" } },
    { "B3 rate-limit-redis, stage 1",
      "MULTI; INCR rl:ip; PTTL rl:ip; EXEC; PEXPIRE rl:ip 9",
      4,
      5,
      LEAKED,
      false,
      "INCR rl:ip and PEXPIRE rl:ip must be one:",
      { "MULTI .. EXEC around both, with PEXPIRE rl:ip .. NX" } },
    { "B4 @fastify/rate-limit",
      "INCR k; PTTL k; PEXPIRE k 60000",
      1,
      3,
      LEAKED,
      false,
      "INCR k and PEXPIRE k must be one:",
      { "around both" } },
    { "B8 spring-cloud-zuul-ratelimit, stage 1",
      "SET k 1 NX EX 60; INCRBY k 1",
      2,
      NEVER,
      LEAKED,
      false,
      NULL,
      { NULL } },
    { "B10 rails, rack-attack",
      "INCRBY k 1; TTL k; EXPIRE k 60",
      1,
      3,
      LEAKED,
      false,
      "INCRBY k and EXPIRE k must be one:",
      { "MULTI" } },
    { "B12 gocraft/work's reaper",
      "EVAL requeue 1 q; DEL pools:9; SREM pools 9; EVAL locks 1 lock",
      3,
      4,
      MIXED,
      false,
      "SREM pools and EVAL lock must be one:",
      { "do SREM pools last" } },

    /* Values with an expiry. */
    { "C1 catbox-redis",
      "SET k v; EXPIRE k 60",
      1,
      2,
      LEAKED,
      false,
      "SET k and EXPIRE k must be one:",
      { "SET k value EX seconds is one command" } },
    { "C1 @hapi/catbox-redis",
      "SET k v; PEXPIRE k 60",
      1,
      2,
      LEAKED,
      false,
      "SET k and PEXPIRE k must be one:",
      { "SET k value PX milliseconds" } },
    { "C2 express-redis-cache",
      "HMSET erc:k body b type t; EXPIRE erc:k 60",
      1,
      2,
      LEAKED,
      false,
      "HMSET erc:k and EXPIRE erc:k must be one:",
      { "put both into one MULTI .. EXEC, or a script" } },
    { "C5 Spring Session, reordered",
      "EXPIRE s:1 60; HMSET s:1 a b",
      2,
      NEVER,
      LEAKED,
      false,
      "EXPIRE s:1 comes before HMSET s:1,",
      { "nothing to a key that is not there", "HMSET first, then EXPIRE" } },
    { "C5 Spring Session, fixed order",
      "HMSET s:1 a b; EXPIRE s:1 60",
      1,
      2,
      LEAKED,
      false,
      "HMSET s:1 and EXPIRE s:1 must be one:",
      { "MULTI" } },
    { "C5 Spring Session, everything",
      "HMSET s:1 a b; SADD at:5 1; PEXPIRE at:5 9; APPEND e:1 x; PEXPIRE e:1 9; PEXPIRE "
      "s:1 9",
      1,
      6,
      LEAKED,
      false,
      "HMSET s:1 and PEXPIRE s:1 must be one:",
      { "put all 6 into one MULTI" } },
    { "Sidekiq's Busy page",
      "UNLINK work; HSET work a 1; HSET work b 2; HSET work c 3; EXPIRE work 60",
      2,
      5,
      LEAKED,
      true,
      "HSET work and EXPIRE work must be one:",
      { "one HSET with all fields, and EXPIRE, inside MULTI .. EXEC, together with "
        "UNLINK "
        "work" } },

    /* Queues. */
    { "D1a kue",
      "ZREM jobs 1; ZREM jobs:old 1; ZADD jobs 0 1; ZADD jobs:new 0 1; HSET job:1 state "
      "new; LPUSH token 1",
      1,
      6,
      MIXED,
      false,
      "ZREM jobs and LPUSH token must be one:",
      { "put all 6 into one MULTI" } },
    { "D1a kue 0.7.9",
      "MULTI; ZREM old 1; ZREM T:old 1; EXEC; HSET job:1 state new; MULTI; ZADD new 0 1; "
      "ZADD T:new 0 1; LPUSH token 1; EXEC",
      4,
      10,
      MIXED,
      false,
      "ZREM T:old and ZADD new must be one:",
      { "put all 3 into one MULTI" } },
    { "D1b kue's fetch",
      "BLPOP token 0; MULTI; ZRANGE T:inactive 0 0; ZREMRANGEBYRANK T:inactive 0 0; "
      "EXEC; "
      "HGETALL job:1; HSET job:1 at now; MULTI; ZREM inactive 1; ZADD active 0 1; EXEC",
      1,
      11,
      MIXED,
      false,
      "BLPOP token and ZREM inactive must be one:",
      { "BLMOVE token to a list of the worker's own" } },
    { "D1c kue's create",
      "INCR ids; HSET job:1 max 3; SADD types T; ZADD jobs 0 1",
      1,
      4,
      MIXED,
      false,
      "INCR ids and ZADD jobs must be one:",
      { "script", "`ignore` ids" } },
    { "D1d kue's complete",
      "HSET job:1 duration 3; HSET job:1 progress 100",
      1,
      2,
      MIXED,
      false,
      "HSET job:1 duration and HSET job:1 progress must be one:",
      { "one HSET job:1 with all fields is one command" } },
    { "D2a bull's add",
      "INCR id; HMSET bull:1 a b; EVAL push 1 wait",
      2,
      3,
      MIXED,
      false,
      "HMSET bull:1 and EVAL wait must be one:",
      { "the script can do HMSET bull:1 too" } },
    { "D2b bull's empty",
      "MULTI; LRANGE wait 0 -1; DEL wait; EXEC; MULTI; DEL job:1; DEL job:2; EXEC",
      4,
      8,
      MIXED,
      false,
      "DEL wait and DEL job:1 must be one:",
      { "a script, because DEL job:1 needs replies from that transaction" } },
    { "D2c bull's failed job",
      "HMSET job:1 attempts 1; EVAL release 1 lock; EVAL move 1 active",
      1,
      3,
      MIXED,
      false,
      "HMSET job:1 and EVAL active must be one:",
      { "the script can do HMSET" } },
    { "D2d bull 0.2",
      "EVAL move 1 active; HSET job:1 stack trace",
      1,
      2,
      MIXED,
      false,
      "EVAL active and HSET job:1 must be one:",
      { "the script can do HSET job:1 too" } },
    { "D2e bull's fetch",
      "BRPOPLPUSH wait active 0; SET 1:lock t PX 30 NX",
      1,
      2,
      MIXED,
      false,
      "BRPOPLPUSH wait and SET 1:lock must be one:",
      { "recovery" } },
    { "D2f bull's repeatable job",
      "ZADD repeat 1 k; EVALSHA add 1 delayed",
      1,
      2,
      MIXED,
      false,
      "ZADD repeat and EVALSHA delayed must be one:",
      { "the script can do ZADD" } },
    { "D3 BullMQ",
      "EVALSHA rep 1 repeat; EVALSHA add 1 delayed",
      1,
      2,
      MIXED,
      false,
      "EVALSHA repeat and EVALSHA delayed must be one:",
      { "one script can do both" } },
    { "D4a node-resque, D5 resque-scheduler",
      "SISMEMBER ts:j d:9; RPUSH d:9 j; SADD ts:j d:9; ZADD sched 9 9",
      2,
      4,
      LEAKED,
      false,
      "RPUSH d:9 and ZADD sched must be one:",
      { "put all 3 into one MULTI" } },
    { "D4b node-resque's delQueue",
      "DEL queue:q; SREM queues q",
      1,
      2,
      MIXED,
      false,
      "DEL queue:q and SREM queues must be one:",
      { "put both into one MULTI" } },
    { "D4c node-resque, D6b resque",
      "LPOP queue:q; SET worker:w job",
      1,
      2,
      MIXED,
      false,
      "LPOP queue:q and SET worker:w must be one:",
      { "a script, if SET worker:w needs the reply of LPOP", "LMOVE queue:q" } },
    { "D4d node-resque's enqueue, D6c",
      "SADD queues q; RPUSH queue:q job",
      1,
      2,
      MIXED,
      false,
      "SADD queues and RPUSH queue:q must be one:",
      { "put both" } },
    { "D4d node-resque's statistics",
      "INCR stat; INCR stat:w; RPUSH failed j",
      1,
      3,
      MIXED,
      false,
      "INCR stat and RPUSH failed must be one:",
      { "around all 3" } },
    { "D4e node-resque's scheduler",
      "LPOP d:9; SREM ts:j d:9; SADD queues q; RPUSH queue:q j",
      1,
      4,
      MIXED,
      false,
      "LPOP d:9 and RPUSH queue:q must be one:",
      { "a script, if RPUSH queue:q needs the reply of LPOP" } },
    { "D4f node-resque's start",
      "SADD workers w; SET worker:w now; SET ping:w now",
      1,
      3,
      MIXED,
      false,
      "SADD workers and SET ping:w must be one:",
      { "put all 3" } },
    { "D5 resque-scheduler's schedule",
      "HDEL schedules n; SADD changed n; HSET schedules n v",
      1,
      3,
      LOST,
      false,
      "HDEL schedules and HSET schedules must be one:",
      { "put all 3 into one MULTI" } },
    { "D6a resque's heartbeat",
      "HSET heartbeat w t; SADD workers w; SET w:started t",
      1,
      2,
      LEAKED,
      false,
      "HSET heartbeat and SADD workers must be one:",
      { "put both" } },
    { "D6c resque's unregister",
      "SREM workers w; DEL worker:w; HDEL heartbeat w; RPUSH failed j",
      1,
      4,
      LOST,
      false,
      "SREM workers and RPUSH failed must be one:",
      { "put all 4",
        "with RPUSH failed before SREM workers, a crash leaves a duplicate" } },
    { "D7 RQ, old",
      "EXPIRE w 480; HSET w last now",
      2,
      NEVER,
      LEAKED,
      false,
      "EXPIRE w comes before HSET w,",
      { "HSET first, then EXPIRE, in one MULTI" } },
    { "D7 RQ, half fixed",
      "HSET w last now; EXPIRE w 480",
      1,
      2,
      LEAKED,
      false,
      "HSET w and EXPIRE w must be one:",
      { "put both" } },
    { "D9 Laravel's blocking pop",
      "BLPOP queue 0; ZADD reserved 1 j",
      1,
      2,
      MIXED,
      false,
      "BLPOP queue and ZADD reserved must be one:",
      { "BLMOVE queue to a list" } },
    { "D14 gocraft/work, D15 asynq",
      "ZADD retry 1 j; LREM inprog 1 j",
      1,
      2,
      MIXED,
      false,
      "ZADD retry and LREM inprog must be one:",
      { "put both into one MULTI" } },
    { "D17 coffee-resque",
      "LPOP q; SET worker:w j; INCR stat; DEL worker:w",
      1,
      2,
      MIXED,
      false,
      "LPOP q and SET worker:w must be one:",
      { "a script" } },

    /* Further patterns. */
    { "from list to list",
      "LPOP a; RPUSH b j",
      1,
      2,
      MIXED,
      false,
      "LPOP a and RPUSH b must be one:",
      { "LMOVE a b LEFT RIGHT is one command" } },
    { "from list to list, waiting",
      "BRPOP a 0; LPUSH b j",
      1,
      2,
      MIXED,
      false,
      "BRPOP a and LPUSH b must be one:",
      { "BLMOVE a b RIGHT LEFT is one command" } },
    { "from set to set",
      "SREM a m; SADD b m",
      1,
      2,
      MIXED,
      false,
      "SREM a and SADD b must be one:",
      { "SMOVE a b member is one command" } },
    { "from set to set, added first",
      "SADD b m; SREM a m",
      1,
      2,
      MIXED,
      false,
      "SADD b and SREM a must be one:",
      { "SMOVE a b member is one command" } },
    { "from set to set, something else",
      "SREM a m; SADD b n",
      1,
      2,
      MIXED,
      false,
      "SREM a and SADD b must be one:",
      { "put both", "a duplicate, not a loss" } },
    { "from set to set, any",
      "SPOP a; SADD b m",
      1,
      2,
      MIXED,
      false,
      "SPOP a and SADD b must be one:",
      { "SRANDMEMBER a, then SMOVE a b member" } },
    { "the job that is due",
      "ZPOPMIN due; LPUSH queue j",
      1,
      2,
      MIXED,
      false,
      "ZPOPMIN due and LPUSH queue must be one:",
      { "a script, if LPUSH queue needs the reply of ZPOPMIN" } },
    { "the jobs that are due",
      "ZRANGEBYSCORE due 0 9; ZREM due j; LPUSH queue j",
      2,
      3,
      MIXED,
      false,
      "ZREM due and LPUSH queue must be one:",
      { "a script, because LPUSH queue needs what was read from due" } },
    { "a cache of a list",
      "DEL k; RPUSH k a; RPUSH k b",
      1,
      3,
      LOST,
      true,
      "DEL k and RPUSH k must be one:",
      { "build a temporary key and RENAME it to k" } },
    { "a cache of a value",
      "DEL k; SET k v",
      1,
      2,
      LOST,
      true,
      "DEL k and SET k must be one:",
      { "leave DEL k out" } },
    { "a cache that is renamed",
      "DEL k; RENAME tmp k",
      1,
      2,
      LOST,
      true,
      "DEL k and RENAME tmp must be one:",
      { "leave DEL k out" } },
    { "RENAME, then EXPIRE",
      "RENAME tmp k; EXPIRE k 60",
      1,
      2,
      LEAKED,
      false,
      "RENAME tmp and EXPIRE k must be one:",
      { "EXPIRE tmp before RENAME" } },
    { "a field with an expiry",
      "HSET k f v; HEXPIRE k 60 FIELDS 1 f",
      1,
      2,
      LEAKED,
      false,
      "HSET k and HEXPIRE k must be one:",
      { "HSETEX k EX seconds FIELDS" } },
    { "a job and its hash",
      "HSET job:1 a b; LPUSH queue 1",
      1,
      2,
      MIXED,
      false,
      "HSET job:1 and LPUSH queue must be one:",
      { "put both into one MULTI" } },
    { "an id, then a job",
      "INCR id; HSET job:1 a b",
      1,
      2,
      MIXED,
      false,
      "INCR id and HSET job:1 must be one:",
      { "`ignore` id" } },
    { "many elements",
      "RPUSH q a; RPUSH q b; RPUSH q c",
      1,
      3,
      MIXED,
      false,
      "RPUSH q a and RPUSH q c must be one:",
      { "one RPUSH q with all elements is one command" } },
    { "many values",
      "SET a 1; SET b 2; SET c 3",
      1,
      3,
      MIXED,
      false,
      "SET a and SET c must be one:",
      { "MSET" } },
    { "values with expiries",
      "SET a 1 EX 5; SET b 2 EX 5",
      1,
      2,
      MIXED,
      false,
      "SET a and SET b must be one:",
      { "put both into one MULTI" } },
    { "two counters",
      "HINCRBY h a 1; HINCRBY h b 1",
      1,
      2,
      MIXED,
      false,
      "HINCRBY h a and HINCRBY h b must be one:",
      { "put both into one MULTI" } },
    { "a new expiry for a key that is there",
      "HSET k f v; EXPIRE k 60",
      1,
      2,
      LEAKED,
      true,
      "HSET k and EXPIRE k must be one:",
      { "or EXPIRE first: k is there already, and keeps its expiry" } },
    { "a module's command",
      "JSON.SET k . 1; JSON.SET l . 2",
      1,
      2,
      MIXED,
      false,
      "JSON.SET k and JSON.SET l must be one:",
      { "put both" } },
    { "keys that end after each other",
      "HSET a f v; HSET b f v; EXPIRE a 9; EXPIRE b 9",
      1,
      4,
      LEAKED,
      false,
      "HSET a and EXPIRE b must be one:",
      { "put all 4" } },

    /* Nothing to say. */
    { "harm before any command", "SET k v", 0, 1, LATER_STUCK, false, NULL, { NULL } },
    { "harm behind the last command", "SET k v", 2, 3, LEAKED, false, NULL, { NULL } },
    { "healed before it began", "SET k v; SET l v", 2, 1, LEAKED, false, NULL, { NULL } },
    { "a script that fails half way",
      "EVAL oops 1 k",
      1,
      NEVER,
      LEAKED,
      false,
      NULL,
      { NULL } },
    { "an expiry that is kept",
      "SET k v EX 5; SET k w KEEPTTL",
      2,
      NEVER,
      LEAKED,
      false,
      NULL,
      { NULL } },
    { "only reads", "GET k; GET l", 1, 2, MIXED, false, NULL, { NULL } },
    { "a list that stays", "RPUSH k v", 1, NEVER, LEAKED, false, NULL, { NULL } },
    { "an empty transaction",
      "MULTI; EXEC; SET k v",
      2,
      3,
      LEAKED,
      false,
      NULL,
      { NULL } },
    { "EXEC alone", "EXEC; SET k v", 1, 2, LEAKED, false, NULL, { NULL } },
};

static struct pair_input input_of(const struct row *row, const struct update *update)
{
    return (struct pair_input){
        .commands = update->commands,
        .count = update->count,
        .first = row->first,
        .healed = row->healed == NEVER ? update->count + 1 : row->healed,
        .later = row->later,
        .key_was_there = row->key_was_there,
    };
}

Test(cure, names_pair_and_cure)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct row *row = &rows[i];
        struct update update = parse(row->commands);
        struct pair_input input = input_of(row, &update);
        char text[400] = "unset";

        cr_expect_eq(cure_write(&input, text, sizeof(text)), row->pair != NULL, "%s: %s",
                     row->name, text);
        if (!row->pair) {
            cr_expect_str_empty(text, "%s: %s", row->name, text);
            continue;
        }
        cr_expect_eq(strncmp(text, row->pair, strlen(row->pair)), 0, "%s: %s", row->name,
                     text);
        for (size_t c = 0; c < 2 && row->cure[c]; c++)
            cr_expect(strstr(text, row->cure[c]), "%s: %s", row->name, text);
        cr_expect_null(strpbrk(text, "{}\n"), "%s: %s", row->name, text);
    }
}

/* A key that was deleted, renamed or replaced on the way is not there any more; one that
 * only may have been, is not relied upon. */
Test(cure, expiry_first_only_for_keys_that_stay)
{
    static const struct {
        const char *commands;
        size_t first;
        bool key_was_there, said;
    } cases[] = {
        { "HSET k f v; EXPIRE k 60", 1, true, true },
        { "HSET k f v; EXPIRE k 60", 1, false, false },
        { "DEL other; HSET k f v; EXPIRE k 60", 2, true, true },
        { "DEL k; HSET k f v; EXPIRE k 60", 2, true, false },
        { "RENAME k old; HSET k f v; EXPIRE k 60", 2, true, false },
        { "RENAME tmp k; HSET k f v; EXPIRE k 60", 2, true, false },
        { "HDEL k g; HSET k f v; EXPIRE k 60", 2, true, false },
        { "EVAL x 1 l; HSET k f v; EXPIRE k 60", 2, true, false },
        { "FLUSHDB; HSET k f v; EXPIRE k 60", 2, true, false },
        { "SET k v; EXPIRE k 60", 1, true, false }, /* SET drops an expiry */
        { "APPEND k v; EXPIRE k 60", 1, true, true },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct update update = parse(cases[i].commands);
        struct pair_input input = {
            .commands = update.commands,
            .count = update.count,
            .first = cases[i].first,
            .healed = cases[i].first + 1,
            .later = LEAKED,
            .key_was_there = cases[i].key_was_there,
        };
        char text[400];

        cr_assert(cure_write(&input, text, sizeof(text)));
        cr_expect_eq(strstr(text, "or EXPIRE first") != NULL, cases[i].said, "%s: %s",
                     cases[i].commands, text);
    }
}

/* What is kept for good in the old state and in the new one is not to be given an
 * expiry. */
Test(cure, no_expiry_for_what_is_kept)
{
    static const uint32_t before = COMMAND_KEPT_BEFORE, after = COMMAND_KEPT_AFTER;
    static const struct {
        const char *commands;
        size_t first, healed;
        uint32_t kept;
        const char *says; /* NULL: nothing is said */
    } cases[] = {
        { "INCR n; RPUSH q j; DECR n", 1, 3, 0, "n needs an expiry from the start" },
        { "INCR n; RPUSH q j; DECR n", 1, 3, after, "n needs an expiry from the start" },
        { "INCR n; RPUSH q j; DECR n", 1, 3, before | after, "recovery must find" },
        { "EVAL x 1 q; SET a 1; EVAL y 1 q", 1, 3, before, "q needs an expiry" },
        { "EVAL x 1 q; SET a 1; EVAL y 1 q", 1, 3, before | after, "q is kept for good" },
        { "HSET job by me", 1, NEVER, 0, "job needs an expiry" },
        { "HSET job by me", 1, NEVER, before, "job needs an expiry" },
        { "HSET job by me", 1, NEVER, before | after, NULL },
        { "INCR hits", 1, NEVER, before | after, NULL },
        { "SET k v", 1, NEVER, before | after, NULL },
        { "SETNX k v; RPUSH q j", 1, 2, 0, "at least ends the harm" },
        { "SETNX k v; RPUSH q j", 1, 2, before | after, "depends on the reply of SETNX" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct row row = { .first = cases[i].first,
                                 .healed = cases[i].healed,
                                 .later = LEAKED };
        struct update update = parse(cases[i].commands);
        struct pair_input input = input_of(&row, &update);
        char text[400];

        update.commands[cases[i].first - 1].flags |= cases[i].kept;
        cr_expect_eq(cure_write(&input, text, sizeof(text)), cases[i].says != NULL,
                     "%s: %s", cases[i].commands, text);
        cr_expect(!cases[i].says || strstr(text, cases[i].says), "%s: %s",
                  cases[i].commands, text);
        cr_expect((cases[i].kept & after && cases[i].kept & before) == 0 ||
                      (!strstr(text, "needs an expiry") && !strstr(text, " EX ")),
                  "%s: %s", cases[i].commands, text);
        cr_expect_not(cure_advice(&input, text, sizeof(text)), "%s", text);
    }
}

/* Of a program's keys only those have a cure of which it is known what they are for; of
 * the others it is said what is done in part. */
Test(cure, no_guesses_about_programs)
{
    static const struct {
        const char *commands;
        size_t first, healed;
        uint32_t kept;
        const char *cure, *advice; /* NULL: there is none */
    } cases[] = {
        { "INCR k; EXPIRE k 60", 1, 2, 0, "INCR k and EXPIRE k must be one", NULL },
        { "HSET h f v; EXPIRE h 60", 1, 2, 0, "must be one", NULL },
        { "SETNX l me; RPUSH q j; DEL l", 1, 3, 0, "l needs an expiry", NULL },
        { "EVALSHA abc 8 bull:m:wait; INCR done; EVALSHA def 9 bull:m:wait", 1, 3, 0,
          NULL,
          "from EVALSHA bull:m:wait abc to EVALSHA bull:m:wait def it is done in part" },
        { "EVALSHA abc 1 k; EXPIRE k 60", 1, 2, 0, NULL, "Survivors must look" },
        { "LPOP q; RPUSH r j", 1, 2, 0, NULL, "from LPOP q to RPUSH r" },
        { "SET data x; RPUSH q j; DEL data", 1, 3, 0, NULL, "from SET data to DEL data" },
        { "DECR n; SET sold 1", 1, 2, COMMAND_KEPT_AFTER, NULL,
          "from DECR n to SET sold" },
        { "INCR n; SET a 1; DECR n", 1, 3, COMMAND_KEPT_BEFORE, NULL, "from INCR n to" },
        { "XADD s 1-1 f v; EXPIRE s 60", 1, 2, 0, NULL, "from XADD s to EXPIRE s" },
        { "HSET job f v", 1, NEVER, COMMAND_KEPT_AFTER, NULL,
          "nothing that the program does later ends what HSET job begins" },
        { "GET k; GET l", 1, 2, 0, NULL, NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct row row = { .first = cases[i].first,
                                 .healed = cases[i].healed,
                                 .later = LEAKED };
        struct update update = parse(cases[i].commands);
        struct pair_input input = input_of(&row, &update);
        char cure[400], advice[400];
        size_t first, last;

        input.is_program = true;
        update.commands[cases[i].first - 1].flags |= cases[i].kept;
        cr_expect_eq(cure_write(&input, cure, sizeof(cure)), cases[i].cure != NULL,
                     "%s: %s", cases[i].commands, cure);
        cr_expect(!cases[i].cure || strstr(cure, cases[i].cure), "%s", cure);
        cr_expect_eq(cure_advice(&input, advice, sizeof(advice)), cases[i].advice != NULL,
                     "%s: %s", cases[i].commands, advice);
        cr_expect(!cases[i].advice || strstr(advice, cases[i].advice), "%s", advice);
        cr_expect(cases[i].cure || !cure_is_multi(&input, &first, &last), "%s",
                  cases[i].commands);
    }
}

/* Whatever is asked, an answer ends within the buffer and is one printable line. */
Test(cure, survives_every_question)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct update update = parse(rows[i].commands);
        struct pair_input input = input_of(&rows[i], &update);

        for (input.first = 0; input.first <= update.count + 1; input.first++)
            for (input.healed = 0; input.healed <= update.count + 2; input.healed++)
                for (size_t size = 0; size < 300; size = 2 * size + 1) {
                    char text[300];
                    bool said;

                    memset(text, 1, sizeof(text));
                    said = cure_write(&input, text, size);
                    for (size_t at = size; at < sizeof(text); at++)
                        cr_assert_eq(text[at], 1, "%s: beyond the end", rows[i].name);
                    cr_assert(size == 0 || memchr(text, '\0', size));
                    cr_assert_eq(said, size && text[0], "%s, %zu bytes", rows[i].name,
                                 size);
                }
    }
}

Test(cure, prints_any_key)
{
    char key[1000];
    const char *const set[] = { "SETNX", key, "v" }, *const expire[] = { "EXPIRE", key,
                                                                         "9" };
    const size_t lengths[][3] = { { 5, sizeof(key), 1 }, { 6, sizeof(key), 1 } };
    struct command commands[2];
    struct pair_input input = {
        .commands = commands, .count = 2, .first = 1, .healed = 2, .later = LEAKED
    };
    char text[400];

    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (char)i;
    command_parse(&commands[0], 3, set, lengths[0]);
    command_parse(&commands[1], 3, expire, lengths[1]);
    cr_assert(cure_write(&input, text, sizeof(text)));
    for (const char *at = text; *at; at++)
        cr_assert(*at >= ' ' && *at <= '~', "%s", text);
    cr_expect(strstr(text, "SETNX \\x00\\x01"), "%s", text);
    cr_expect(strstr(text, "... value NX EX seconds is one command"), "%s", text);
}
