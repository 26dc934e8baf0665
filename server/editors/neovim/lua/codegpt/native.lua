-- Neovim's own inline completion (0.12): it asks and draws; here is how much of a suggestion is taken.

local part = require('codegpt.part')

local M = {}

function M.enable(bufnr)
  vim.lsp.inline_completion.enable(true, { bufnr = bufnr })
end

-- What is left of an item behind the cursor, and what of it is typed already.
local function rest(item)
  local text = type(item.insert_text) == 'string' and item.insert_text or item.insert_text.value
  if not item.range then
    return '', text
  end
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local line = vim.api.nvim_buf_get_lines(0, row - 1, row, true)[1]
  local typed = line:sub(item.range.start_col + 1, column)
  return typed, text:sub(#typed + 1)
end

---@param how 'all'|'word'|'line'
---@return boolean whether there was something to be taken
function M.accept(how)
  if how == 'all' then
    return vim.lsp.inline_completion.get()
  end
  return vim.lsp.inline_completion.get({
    on_accept = function(item)
      local typed, left = rest(item)
      local taken = part.of(left, how)
      if taken ~= left then
        local client = vim.lsp.get_client_by_id(item.client_id)
        local accepted = { item = { command = item.command }, acceptedLength = vim.str_utfindex(typed .. taken, 'utf-32') }
        if client then
          client:notify('textDocument/didPartiallyAcceptCompletion', accepted)
        end
        item.command = nil -- not all of it was taken
      end
      item.insert_text = typed .. taken
      return item
    end,
  })
end

function M.cycle(by)
  vim.lsp.inline_completion.select({ count = by, wrap = true })
end

-- Neovim asks for several when it is asked to choose among them.
function M.ask()
  vim.lsp.inline_completion.select({ count = 0 })
end

function M.dismiss()
  vim.lsp.inline_completion.enable(false, { bufnr = 0 })
  vim.lsp.inline_completion.enable(true, { bufnr = 0 })
end

return M
