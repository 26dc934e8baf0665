-- Requests in words: the candidates with their evidence, each previewed, one of them applied.

local M = {}

local NOTHING_THERE = -32602 -- JSON-RPC's "invalid params"

local function say(text, level)
  vim.notify('codegpt: ' .. text, level or vim.log.levels.INFO)
end

local function command(client, name, argument, answered)
  client:request('workspace/executeCommand', { command = name, arguments = { argument } }, function(failed, answer)
    if failed then
      answered(nil, failed)
    else
      answered(answer)
    end
  end)
end

-- A window with the candidates: on top their evidence, below the program of the one that the cursor is on.
local function choose(client, answer)
  local candidates = answer.candidates
  if #candidates == 0 then
    return say(#answer.remarks > 0 and table.concat(answer.remarks, ' ') or 'nothing was found')
  end
  local labels = vim.tbl_map(function(each)
    return each.label
  end, candidates)
  local list = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(list, 0, -1, true, labels)
  local program = vim.api.nvim_create_buf(false, true)
  vim.bo[program].filetype = vim.filetype.match({ filename = 'x.' .. answer.language }) or answer.language
  vim.bo[list].modifiable = false
  vim.bo[list].bufhidden, vim.bo[program].bufhidden = 'wipe', 'wipe'
  local width = math.min(100, vim.o.columns - 4)
  local longest = 3
  for _, each in ipairs(candidates) do
    longest = math.max(longest, #vim.split(vim.trim(each.program), '\n', { plain = true }))
  end
  local height = math.max(3, math.min(longest, vim.o.lines - #labels - 9))
  local at = { relative = 'editor', width = width, col = math.floor((vim.o.columns - width) / 2), style = 'minimal' }
  local above = vim.tbl_extend('force', at, {
    row = 1,
    height = #labels,
    border = 'rounded',
    title = (' %d samples; Enter applies, q drops '):format(answer.samples),
  })
  local below = vim.tbl_extend('force', at, { row = #labels + 3, height = height, border = 'rounded', focusable = false })
  local preview = vim.api.nvim_open_win(program, false, below)
  local window = vim.api.nvim_open_win(list, true, above)
  vim.wo[window].cursorline = true

  local function current()
    return candidates[vim.api.nvim_win_get_cursor(window)[1]]
  end
  local function show()
    vim.api.nvim_buf_set_lines(program, 0, -1, true, vim.split(vim.trim(current().program), '\n', { plain = true }))
  end
  local function close()
    for _, each in ipairs({ preview, window }) do
      if vim.api.nvim_win_is_valid(each) then
        vim.api.nvim_win_close(each, true)
      end
    end
  end
  local function key(lhs, act)
    vim.keymap.set('n', lhs, act, { buffer = list, nowait = true })
  end
  key('<CR>', function()
    local chosen = current()
    close()
    if chosen.edit then
      vim.lsp.util.apply_workspace_edit(chosen.edit, client.offset_encoding)
    end
  end)
  key('q', close)
  key('<Esc>', close)
  vim.api.nvim_create_autocmd('CursorMoved', { buffer = list, callback = show })
  vim.api.nvim_create_autocmd('WinLeave', { buffer = list, once = true, callback = vim.schedule_wrap(close) })
  show()
end

local function place(client)
  local params = vim.lsp.util.make_range_params(0, client.offset_encoding)
  return { uri = params.textDocument.uri, range = params.range }
end

local function answered(client)
  return function(answer, failed)
    if failed then
      say(failed.message, vim.log.levels.ERROR)
    else
      choose(client, answer)
    end
  end
end

-- Write what is missing at the cursor, or what the comment there says, or the words.
---@param client vim.lsp.Client
---@param words string
function M.write(client, words)
  local given = place(client)
  given.words = words ~= '' and words or nil
  command(client, 'codegpt.generate', given, function(answer, failed)
    if failed and failed.code == NOTHING_THERE and words == '' then
      vim.ui.input({ prompt = 'What is to be written? ' }, function(said)
        if said and said ~= '' then
          M.write(client, said)
        end
      end)
      return
    end
    answered(client)(answer, failed)
  end)
end

---@param client vim.lsp.Client
---@param name string of a Python function of the buffer
---@param language string
function M.translate(client, name, language)
  local given = { uri = place(client).uri, ['function'] = name, to = language }
  command(client, 'codegpt.translate', given, answered(client))
end

return M
