import { createHash } from 'node:crypto';

// Each script is one atomic step on the server. The four keys of a scope, which share a hash tag and thus a slot:
//
//   records   a hash: every record under its key, and under `!`, which is no key, a mark: it is lost with them
//   lease     its holder, as `<instance> <owner, as JSON>`; expires on its own when the holder falls silent
//   state     a hash:
//     generation  how often the scope has changed hands; distinguishes a server that lost data from a takeover
//     owner       the fencing token, `<instance>.<epoch>`: a script that carries another one changes nothing
//     seq         the number of the last batch that was applied under that token
//     undo        what that batch replaced, so that a batch whose answer was lost can be undone; `staged` when this is
//                 in the key of that name
//   staged    a hash, only while a batch is too large for one script: several scripts stage it, and one applies it.
//             Change 1 is `1k`, `+` or `-` and a key, and `1v`, a record or ''. An applied one holds what it replaced:
//             `<` and the key for a record, `>` for none
//
// A script that fails does not undo what it has already done, so each one first does what would be refused by a server
// that is full or read-only, or on which a key is used for something else.

/**
 * What a refusal begins with when a part of the batch was applied. That part is undone when the scope is acquired
 * again.
 */
export const PARTIAL = 'PARTIAL';

/** Distinguishes records that are gone, together with their hash, from a scope that has none yet. */
const MARK = '!';

/**
 * Replaces the `undo` that is too large for its field. A MessagePack list, as `undo` otherwise is, begins with another
 * byte.
 */
const STAGED = 'staged';

/** A script and its digest. */
export interface RedisScript {
  readonly text: string;
  readonly digest: string;
}

function script(text: string): RedisScript {
  return { text, digest: createHash('sha1').update(text).digest('hex') };
}

/**
 * Acquires the scope, or acquires it again after a connection was lost. Arguments: instance, epoch, the last epoch that
 * was owned or 0, the number of the last batch known to be done in it, the generation owned or 0, lease in ms, holder,
 * and the holder that is known to be dead or ''.
 *
 * Replies `{'owned', generation, 1 if the server has lost data}`, `{'held', holder, ms}` or `{'lost', holder or ''}`.
 */
export const ACQUIRE: RedisScript = script(`
local records, lease, state, staged = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local instance, epoch, before, acked, held = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local function field(name) return redis.call('HGET', state, name) or '' end
local function isOurs(text) return string.sub(text, 1, #instance) == instance end
redis.call('HLEN', records)
local holder = redis.call('GET', lease) or ''
local heldByOther = holder ~= '' and holder ~= ARGV[8] and not isOurs(holder)
local owner, generation, seq = field('owner'), tonumber(field('generation')) or 0, tonumber(field('seq')) or 0
local ownerEpoch = isOurs(owner) and tonumber(string.sub(owner, #instance + 2))
local undo, rolledBack = '', 0
if ownerEpoch then
  if ownerEpoch >= epoch then return {'held', holder, 0} end
  if ownerEpoch < before or (ownerEpoch == before and seq < acked) then rolledBack = 1 end
  if held > 0 and redis.call('HEXISTS', records, '${MARK}') == 0 then rolledBack = 1 end
  if ownerEpoch == before and seq > acked then undo = field('undo') end
elseif held == 0 then
  if heldByOther then return {'held', holder, redis.call('PTTL', lease)} end
  if generation > 0 and redis.call('HEXISTS', records, '${MARK}') == 0 then rolledBack = 1 end
  generation = generation + 1
else
  if heldByOther or generation >= held then return {'lost', holder} end
  rolledBack = 1
  generation = held
end
redis.call('HSET', state, 'generation', generation, 'owner', instance .. '.' .. epoch, 'seq', 0)
if undo == '${STAGED}' then
  for change = redis.call('HLEN', staged) / 2, 1, -1 do
    local key, record = unpack(redis.call('HMGET', staged, change .. 'k', change .. 'v'))
    local was = string.sub(key, 1, 1)
    if was == '<' then redis.call('HSET', records, string.sub(key, 2), record) end
    if was == '>' then redis.call('HDEL', records, string.sub(key, 2)) end
  end
elseif undo ~= '' then
  for _, pair in ipairs(cmsgpack.unpack(undo)) do
    if pair[2] then redis.call('HSET', records, pair[1], pair[2]) else redis.call('HDEL', records, pair[1]) end
  end
end
redis.call('HDEL', state, 'undo')
redis.call('UNLINK', staged)
redis.call('HSET', records, '${MARK}', '')
redis.call('SET', lease, ARGV[7], 'PX', ARGV[6])
return {'owned', generation, rolledBack}
`);

/** Renews the lease. Arguments: token, lease in ms, holder. Replies 1, or 0 when the scope must be acquired again. */
export const RENEW: RedisScript = script(`
if redis.call('HGET', KEYS[3], 'owner') ~= ARGV[1] or redis.call('HEXISTS', KEYS[1], '${MARK}') == 0 then return 0 end
if redis.call('PEXPIRE', KEYS[2], ARGV[2]) == 0 then redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[2]) end
return 1
`);

/**
 * Applies a batch. Arguments: token, lease in ms, holder, the batch's number, then `+`, key and record or `-`, key and
 * '' for each change. Replies 1, also when it was applied before, or 0 when the scope must be acquired again. A full
 * server still accepts a batch that only removes: it then replies 2, and has recorded neither number nor undo.
 */
export const WRITE: RedisScript = script(`
local records, lease, state = KEYS[1], KEYS[2], KEYS[3]
local owner, last = unpack(redis.call('HMGET', state, 'owner', 'seq'))
if owner ~= ARGV[1] or redis.call('HEXISTS', records, '${MARK}') == 0 then return 0 end
if tonumber(last) >= tonumber(ARGV[4]) then return 1 end
local undo, seen, keeps = {}, {}, false
for i = 5, #ARGV, 3 do
  local key = ARGV[i + 1]
  if not seen[key] then
    seen[key] = true
    undo[#undo + 1] = {key, redis.call('HGET', records, key)}
  end
  if ARGV[i] == '+' then keeps = true end
end
local noted = redis.pcall('HSET', state, 'seq', ARGV[4], 'undo', cmsgpack.pack(undo))
local full = type(noted) == 'table' and noted.err
if full and (keeps or not string.find(full, 'OOM', 1, true)) then return redis.error_reply(full) end
for i = 5, #ARGV, 3 do
  local done
  if ARGV[i] == '+' then done = redis.pcall('HSET', records, ARGV[i + 1], ARGV[i + 2]) else done = redis.pcall('HDEL', records, ARGV[i + 1]) end
  if type(done) == 'table' and done.err then return redis.error_reply('${PARTIAL} ' .. done.err) end
end
if redis.call('PEXPIRE', lease, ARGV[2]) == 0 then redis.pcall('SET', lease, ARGV[3], 'PX', ARGV[2]) end
return full and 2 or 1
`);

/**
 * Stages a part of a batch that is too large for one script. Arguments: token, lease in ms, holder, how many changes
 * were staged before, then changes as {@link WRITE} takes them. Replies 1, or 0 when the scope must be acquired again.
 */
export const STAGE: RedisScript = script(`
local records, lease, state, staged = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
if redis.call('HGET', state, 'owner') ~= ARGV[1] or redis.call('HEXISTS', records, '${MARK}') == 0 then return 0 end
local change = tonumber(ARGV[4])
if change == 0 then redis.call('UNLINK', staged) end
for i = 5, #ARGV, 3 do
  change = change + 1
  redis.call('HSET', staged, change .. 'k', ARGV[i] .. ARGV[i + 1], change .. 'v', ARGV[i + 2])
end
if redis.call('PEXPIRE', lease, ARGV[2]) == 0 then redis.call('SET', lease, ARGV[3], 'PX', ARGV[2]) end
return 1
`);

/**
 * Applies the staged batch. Arguments: token, lease in ms, holder, the batch's number, how many changes it has. Replies
 * as {@link WRITE} does, but never 2.
 */
export const SWITCH: RedisScript = script(`
local records, lease, state, staged = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local owner, last = unpack(redis.call('HMGET', state, 'owner', 'seq'))
if owner ~= ARGV[1] or redis.call('HEXISTS', records, '${MARK}') == 0 then return 0 end
if tonumber(last) >= tonumber(ARGV[4]) then return 1 end
local count = tonumber(ARGV[5])
if redis.call('HLEN', staged) ~= 2 * count then return redis.error_reply('ERR a part of the batch is gone') end
redis.call('HSET', state, 'seq', ARGV[4], 'undo', '${STAGED}')
for change = 1, count do
  local what, record = unpack(redis.call('HMGET', staged, change .. 'k', change .. 'v'))
  local key = string.sub(what, 2)
  local old = redis.call('HGET', records, key)
  local done = redis.pcall('HSET', staged, change .. 'k', (old and '<' or '>') .. key, change .. 'v', old or '')
  if type(done) ~= 'table' then
    if string.sub(what, 1, 1) == '+' then done = redis.pcall('HSET', records, key, record) else done = redis.pcall('HDEL', records, key) end
  end
  if type(done) == 'table' and done.err then return redis.error_reply('${PARTIAL} ' .. done.err) end
end
if redis.call('PEXPIRE', lease, ARGV[2]) == 0 then redis.pcall('SET', lease, ARGV[3], 'PX', ARGV[2]) end
return 1
`);

/** Discards the staged batch: it is known to be applied, or will not be. Argument: token. */
export const CLEAR: RedisScript = script(`
if redis.call('HGET', KEYS[3], 'owner') ~= ARGV[1] then return 0 end
redis.call('UNLINK', KEYS[4])
return 1
`);

/** Reads records. Arguments: token, some keys. Replies a list with each key's record, or nil if it has none; or 0. */
export const GET: RedisScript = script(`
if redis.call('HGET', KEYS[3], 'owner') ~= ARGV[1] then return 0 end
return redis.call('HMGET', KEYS[1], unpack(ARGV, 2))
`);

/** Lists the keys. Argument: token. Replies a list, or 0. */
export const LIST: RedisScript = script(`
if redis.call('HGET', KEYS[3], 'owner') ~= ARGV[1] then return 0 end
local keys = {}
for _, key in ipairs(redis.call('HKEYS', KEYS[1])) do
  if key ~= '${MARK}' then keys[#keys + 1] = key end
end
return keys
`);

/** Releases the scope. Argument: token. */
export const RELEASE: RedisScript = script(`
if redis.call('HGET', KEYS[3], 'owner') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
redis.call('UNLINK', KEYS[4])
redis.call('HDEL', KEYS[3], 'owner', 'undo')
return 1
`);
