-- hash_fields.lua - fields of a hash that expire: a session is a field, and its time to live
-- is the field's (Redis 8, Valkey 9).
--
-- Until its HEXPIRE, a field that HSET wrote never expires. HSETEX leaves no such moment.

return {
  title = "Sessions that are fields of a hash",
  needs = { "HEXPIRE", "HSETEX" },

  strategies = {
    { name = "set-expire", expect = "leaked",
      about = "HSET, then HEXPIRE",
      update = "HSET sessions bob cart:1 | HEXPIRE sessions 60 FIELDS 1 bob" },

    { name = "set-expire-multi", expect = "atomic",
      about = "both in MULTI .. EXEC",
      update = "[HSET sessions bob cart:1 ; HEXPIRE sessions 60 FIELDS 1 bob]" },

    { name = "setex", expect = "atomic", reference = true,
      about = "HSETEX",
      update = "HSETEX sessions EX 60 FIELDS 1 bob cart:1" },
  },
}
