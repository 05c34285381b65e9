import { createScript } from "./script.ts";

/** Whose data this is: the first part changes with every start, the second with every promotion. */
const incarnationFunction = `
local function findIncarnation()
  local runId = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  local replId = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
  return (runId or '') .. ':' .. (replId or '')
end
`;

/** Answers the server's incarnation, as heads bear it. */
export const incarnationScript = createScript(`${incarnationFunction}
return findIncarnation()
`);

/**
 * How both scripts find an organization's head: KEYS[1], a hash with `epoch` and `seq` of the last event, the
 * `incarnation` of the server that wrote it, and the `bytes` of the log KEYS[2]. A head of another incarnation may
 * be older than what was answered before, as after a restart from a snapshot or on a replica that was promoted; so
 * its epoch is never gone on with. Nobody can know then that nothing was lost: a new epoch is a gap for all who
 * stand in an older one.
 */
const headFunctions = `${incarnationFunction}
local headKey, logKey = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local nowMicros = time[1] * 1000000 + time[2]
local nowMs = math.floor(nowMicros / 1000)

-- Lua would write large numbers with an exponent.
local function digits(number) return string.format('%.0f', number) end

local function idOf(head) return digits(head.epoch) .. '-' .. digits(head.seq) end

-- Greater ones would lose their last digits.
local epochMax = 9000000000000000

-- The epoch of the id that the log gave last, also where that entry is gone.
local function lastLoggedEpoch()
  local found = redis.pcall('XINFO', 'STREAM', logKey)
  if found.err then return 0 end
  for at = 1, #found - 1, 2 do
    if found[at] == 'last-generated-id' then
      local epoch = tonumber(string.match(found[at + 1], '^%d+'))
      if epoch <= epochMax then return epoch end
    end
  end
  return 0
end

-- An epoch greater than the one given, than what the caller has seen, and than all that the clock has shown.
local function newEpoch(above, atLeast, bytes)
  local epoch = math.max(nowMicros, above + 1, tonumber(atLeast))
  return { epoch = epoch, seq = 0, bytes = bytes, isNew = true }
end

-- The head, or a new epoch's where there is none that counts, or one lower than the point.
local function findHead(atLeast, pointEpoch, pointSeq)
  local found = redis.pcall('HMGET', headKey, 'epoch', 'seq', 'incarnation', 'bytes')
  if found.err then
    redis.call('DEL', headKey)
    found = {}
  end
  local epoch, seq = tonumber(found[1] or nil), tonumber(found[2] or nil)
  local incarnation = findIncarnation()
  local head
  if not epoch or not seq or epoch > epochMax then
    head = newEpoch(math.max(lastLoggedEpoch(), pointEpoch), atLeast, 0)
  else
    head = { epoch = epoch, seq = seq, bytes = tonumber(found[4] or 0) or 0 }
    local isBehind = epoch < pointEpoch or (epoch == pointEpoch and seq < pointSeq)
    if found[3] ~= incarnation or isBehind then
      head = newEpoch(math.max(epoch, pointEpoch), atLeast, head.bytes)
    end
  end
  head.incarnation = incarnation
  return head
end

local function saveHead(head)
  redis.call('HSET', headKey, 'epoch', digits(head.epoch), 'seq', digits(head.seq),
    'incarnation', head.incarnation, 'bytes', digits(head.bytes))
end
`;

/**
 * Appends an event and says it. KEYS[3], where there is one, keeps its id for its idempotency key. Answers the id
 * and whether it is that of an earlier call; null where nothing was done.
 */
export const publishScript = createScript(`${headFunctions}
local channel, atLeast, onlyIfOpen = ARGV[1], ARGV[2], ARGV[3] == '1'
local eventType, body = ARGV[4], ARGV[5]
local eventsMax, ageMaxMs, bytesMax = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local logTtlMs, headTtlMs, keyTtlMs, trimmedMax = tonumber(ARGV[9]), tonumber(ARGV[10]), ARGV[11], tonumber(ARGV[12])

if onlyIfOpen and redis.call('EXISTS', headKey) == 0 then return false end
if KEYS[3] then
  local known = redis.pcall('GET', KEYS[3])
  if type(known) == 'string' and string.match(known, '^%d+%-%d+$') then return { known, 1 } end
end

local head = findHead(atLeast, 0, 0)

local function append()
  head.seq = head.seq + 1
  local added = redis.pcall('XADD', logKey, idOf(head), 'at', digits(nowMs), 'type', eventType, 'body', body)
  return type(added) == 'table' and added.err
end

-- The first write, for it is the one that Redis may refuse for want of memory.
local failure = append()
if failure and (string.find(failure, 'WRONGTYPE') or string.find(failure, 'smaller')) then
  -- Somebody else wrote to the log: nothing in it can be believed.
  local above = math.max(head.epoch, lastLoggedEpoch())
  local incarnation = head.incarnation
  redis.call('DEL', logKey)
  head = newEpoch(above, atLeast, 0)
  head.incarnation = incarnation
  failure = append()
end
if failure then return redis.error_reply(failure) end

local count = redis.call('XLEN', logKey)
if count == 1 then head.bytes = 0 end
head.bytes = head.bytes + #body
for _ = 1, trimmedMax do
  local oldest = redis.call('XRANGE', logKey, '-', '+', 'COUNT', 1)[1]
  if not oldest then break end
  local isYoung = (tonumber(oldest[2][2]) or 0) >= nowMs - ageMaxMs
  if isYoung and count <= eventsMax and head.bytes <= bytesMax then break end
  redis.call('XDEL', logKey, oldest[1])
  count = count - 1
  head.bytes = head.bytes - #(oldest[2][6] or '')
end

saveHead(head)
redis.call('PEXPIRE', logKey, logTtlMs)
local headUntilMs = onlyIfOpen and logTtlMs or headTtlMs
if redis.call('PTTL', headKey) < headUntilMs then redis.call('PEXPIRE', headKey, headUntilMs) end
local id = idOf(head)
if KEYS[3] then redis.call('SET', KEYS[3], id, 'PX', keyTtlMs) end
redis.call('PUBLISH', channel, id .. ' ' .. digits(nowMs) .. ' ' .. eventType .. '\\n' .. body)
return { id, 0 }
`);

/**
 * Everything after a point, or all where none is given, and the head, which is made where there is none. Answers
 * the head's id, the moment, and the entries of the log.
 */
export const readScript = createScript(`${headFunctions}
local atLeast, pointEpoch, pointSeq, headTtlMs = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local head = findHead(atLeast, pointEpoch, pointSeq)
if head.isNew then saveHead(head) end
-- Half of it, so that looking seldom is a write.
if redis.call('PTTL', headKey) < headTtlMs / 2 then redis.call('PEXPIRE', headKey, headTtlMs) end

local from = '(' .. digits(pointEpoch) .. '-' .. digits(pointSeq)
local entries = redis.pcall('XRANGE', logKey, from, '+')
if entries.err then
  redis.call('DEL', logKey)
  entries = {}
end
return { idOf(head), digits(nowMs), entries }
`);
