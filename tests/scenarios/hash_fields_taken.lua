-- hash_fields_taken.lua - a job that is a field of a hash is taken by HGETDEL, which hands
-- it out and removes it (Redis 8, Valkey 9.1): until it is written elsewhere, only the
-- worker has it.

return {
  title = "A job that is a field of a hash is taken",
  needs = { "HGETDEL" },

  before = "HSET waiting 7 mail",

  strategies = {
    { name = "getdel-push", expect = "mixed",
      about = "HGETDEL, then RPUSH",
      update = "HGETDEL waiting FIELDS 1 7 | RPUSH running mail" },

    { name = "script", expect = "safe", reference = true,
      about = "both in one script",
      update = "lua(HGETDEL waiting FIELDS 1 7 ; RPUSH running mail)" },
  },
}
