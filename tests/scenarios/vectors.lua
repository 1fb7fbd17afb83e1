-- vectors.lua - a document is found by its vector as soon as that is there, whether or not what a search asks for
-- beside it is there as well (Redis 8). How the server links elements is made by chance, and is part of no state.

return {
  title = "A document gets its vector, and then its language",
  needs = { "VADD", "VSETATTR" },

  before = "VADD docs VALUES 2 0.1 0.9 one SETATTR '{\"lang\":\"en\"}'"
    .. " | VADD docs VALUES 2 0.2 0.8 two SETATTR '{\"lang\":\"en\"}'"
    .. " | VADD docs VALUES 2 0.9 0.1 three SETATTR '{\"lang\":\"fi\"}'",

  strategies = {
    { name = "vadd-vsetattr", expect = "mixed",
      about = "VADD, then VSETATTR",
      update = "VADD docs VALUES 2 0.3 0.7 four | VSETATTR docs four '{\"lang\":\"fi\"}'" },

    { name = "removed-first", expect = "mixed",
      about = "VREM and VADD of one that is there",
      update = "VREM docs two | VADD docs VALUES 2 0.3 0.7 two" },

    { name = "vadd-setattr", expect = "safe", reference = true,
      about = "VADD with SETATTR",
      update = "VADD docs VALUES 2 0.3 0.7 four SETATTR '{\"lang\":\"fi\"}'" },
  },
}
