-- Inline completion where Neovim has none of its own (0.11): asked for at every key, drawn as virtual text.

local part = require('codegpt.part')

local M = {}

local METHOD = 'textDocument/inlineCompletion'
local AUTOMATIC, INVOKED = 2, 1
local namespace = vim.api.nvim_create_namespace('codegpt')

---@class codegpt.Shown
---@field bufnr integer
---@field client vim.lsp.Client
---@field items table[]
---@field index integer
---@field row integer zero-based
---@field column integer in bytes
---@type codegpt.Shown?
local shown

local function clear()
  if shown then
    vim.api.nvim_buf_clear_namespace(shown.bufnr, namespace, 0, -1)
  end
  shown = nil
end

-- What an item would put behind the cursor, and how many bytes of the line it replaces before and behind it.
local function edit(item)
  local text = type(item.insertText) == 'string' and item.insertText or item.insertText.value
  local line = vim.api.nvim_buf_get_lines(shown.bufnr, shown.row, shown.row + 1, true)[1]
  if not item.range then
    return text, 0, 0
  end
  local function at(character)
    return vim.str_byteindex(line, shown.client.offset_encoding, character, false)
  end
  local begin, finish = at(item.range.start.character), at(item.range['end'].character)
  return text:sub(shown.column - begin + 1), shown.column - begin, math.max(0, finish - shown.column)
end

local function draw()
  vim.api.nvim_buf_clear_namespace(shown.bufnr, namespace, 0, -1)
  local lines = vim.split((edit(shown.items[shown.index])), '\n', { plain = true })
  local below = vim.tbl_map(function(line)
    return { { line, 'ComplHint' } }
  end, vim.list_slice(lines, 2))
  vim.api.nvim_buf_set_extmark(shown.bufnr, namespace, shown.row, shown.column, {
    virt_text = { { lines[1], 'ComplHint' } },
    virt_text_pos = 'inline',
    virt_lines = below,
  })
end

local function place()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  return row - 1, column
end

local function ask(kind)
  local bufnr = vim.api.nvim_get_current_buf()
  local client = vim.lsp.get_clients({ name = 'codegpt', bufnr = bufnr })[1]
  if not client or vim.fn.mode() ~= 'i' then
    return
  end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.context = { triggerKind = kind }
  local tick, row, column = vim.b.changedtick, place()
  client:request(METHOD, params, function(_, answer)
    local now_row, now_column = place()
    local same = vim.api.nvim_get_current_buf() == bufnr and vim.b.changedtick == tick
    if not same or now_row ~= row or now_column ~= column or vim.fn.mode() ~= 'i' then
      return
    end
    clear()
    local items = answer and (answer.items or answer) or {}
    if #items > 0 then
      shown = { bufnr = bufnr, client = client, items = items, index = 1, row = row, column = column }
      draw()
      client:notify('textDocument/didShowCompletion', { item = items[1] })
    end
  end, bufnr)
end

function M.enable(bufnr)
  vim.api.nvim_set_hl(0, 'ComplHint', { link = 'Comment', default = true })
  local group = vim.api.nvim_create_augroup('codegpt-' .. bufnr, {})
  local function on(events, act)
    vim.api.nvim_create_autocmd(events, { group = group, buffer = bufnr, callback = act })
  end
  on({ 'InsertEnter', 'TextChangedI' }, function()
    ask(AUTOMATIC)
  end)
  on('CursorMovedI', function()
    local row, column = place()
    if shown and (shown.row ~= row or shown.column ~= column) then
      clear()
    end
  end)
  on({ 'InsertLeave', 'BufLeave' }, clear)
end

---@param how 'all'|'word'|'line'
---@return boolean whether there was something to be taken
function M.accept(how)
  local row, column = place()
  if not shown or shown.row ~= row or shown.column ~= column then
    return false
  end
  local item, client, bufnr = shown.items[shown.index], shown.client, shown.bufnr
  local text, before, behind = edit(item)
  local taken = part.of(text, how)
  local all = taken == text
  clear()
  vim.schedule(function()
    local lines = vim.split(taken, '\n', { plain = true })
    vim.api.nvim_buf_set_text(bufnr, row, column, row, column + (all and behind or 0), lines)
    local last = #lines == 1 and column + #lines[1] or #lines[#lines]
    vim.api.nvim_win_set_cursor(0, { row + #lines, last })
    if all and item.command then
      client:exec_cmd(item.command, { bufnr = bufnr })
    elseif not all then
      local length = before + vim.str_utfindex(taken, 'utf-32')
      client:notify('textDocument/didPartiallyAcceptCompletion', { item = item, acceptedLength = length })
    end
  end)
  return true
end

function M.cycle(by)
  if not shown then
    return
  elseif #shown.items == 1 then
    return M.ask()
  end
  shown.index = (shown.index - 1 + by) % #shown.items + 1
  draw()
end

function M.ask()
  ask(INVOKED)
end

M.dismiss = clear

return M
