-- hash_fields_renewed.lua - a session that is a field of a hash gets another value and
-- another time to live (Redis 8, Valkey 9). HSET drops the expiry of a field that it writes,
-- and HGETEX .. PERSIST does so on purpose.

return {
  title = "A session that is a field of a hash is renewed",
  needs = { "HEXPIRE", "HSETEX", "HGETEX" },

  before = "HSETEX sessions EX 60 FIELDS 1 ann cart:3",

  strategies = {
    { name = "set-expire", expect = "leaked",
      about = "HSET, which drops the expiry, then HEXPIRE",
      update = "HSET sessions ann cart:4 | HEXPIRE sessions 60 FIELDS 1 ann" },

    { name = "persist", expect = "leaked",
      about = "the expiry is dropped while the session is used",
      update = "HGETEX sessions PERSIST FIELDS 1 ann"
        .. " | HSETEX sessions EX 60 FIELDS 1 ann cart:4" },

    { name = "getex", expect = "atomic",
      about = "the expiry is renewed, then the value under it",
      update = "HGETEX sessions EX 60 FIELDS 1 ann"
        .. " | HSETEX sessions EX 60 FIELDS 1 ann cart:4" },

    { name = "keepttl", expect = "atomic", reference = true,
      about = "HSETEX with KEEPTTL",
      update = "HSETEX sessions KEEPTTL FIELDS 1 ann cart:4" },
  },
}
