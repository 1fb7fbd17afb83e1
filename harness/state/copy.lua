-- Copies a key from the selected database, here, into another one, there. Not every module's type can be
-- copied (vector sets cannot), but what is dumped can be restored.
local function copy(from, to, here, there)
  local copied = redis.pcall('COPY', from, to, 'DB', there)
  if type(copied) == 'number' then return copied end
  local dump = redis.call('DUMP', from)
  redis.call('SELECT', there)
  redis.call('RESTORE', to, 0, dump)
  redis.call('SELECT', here)
  return 1
end
