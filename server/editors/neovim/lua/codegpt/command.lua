-- :Codegpt and what can be said behind it.

local codegpt = require('codegpt')

local M = {}

local LANGUAGES = { 'javascript', 'typescript', 'go', 'rust', 'java', 'c', 'cpp', 'ruby' }

local function execute(client, name, arguments, answered)
  client:request('workspace/executeCommand', { command = name, arguments = arguments }, function(failed, answer)
    if failed then
      vim.notify('codegpt: ' .. failed.message, vim.log.levels.ERROR)
    else
      answered(answer)
    end
  end)
end

local function show(lines, filetype)
  vim.cmd.new()
  vim.bo.buftype, vim.bo.bufhidden, vim.bo.swapfile, vim.bo.filetype = 'nofile', 'wipe', false, filetype or ''
  vim.api.nvim_buf_set_lines(0, 0, -1, true, lines)
  vim.bo.modifiable = false
end

M.actions = {
  write = function(client, words)
    require('codegpt.words').write(client, table.concat(words, ' '))
  end,
  translate = function(client, words)
    local name = words[1] or vim.fn.expand('<cword>')
    if words[2] then
      return require('codegpt.words').translate(client, name, words[2])
    end
    vim.ui.select(LANGUAGES, { prompt = ('Translate %s into'):format(name) }, function(language)
      if language then
        require('codegpt.words').translate(client, name, language)
      end
    end)
  end,
  why = function(client)
    execute(client, 'codegpt.explain', {}, function(answer)
      show(vim.split(answer.text, '\n', { plain = true }))
    end)
  end,
  snooze = function(client, words)
    execute(client, 'codegpt.snooze', { tonumber(words[1]) or 30 }, function(answer)
      vim.notify(('codegpt: nothing is suggested for %d minutes'):format(answer.minutes))
    end)
  end,
  toggle = function(client, words)
    execute(client, 'codegpt.toggle', words, function(answer)
      vim.notify('codegpt: ' .. (answer.on and 'on' or answer.why))
    end)
  end,
  stats = function()
    local program = vim.fs.joinpath(vim.fs.dirname(vim.fn.exepath(codegpt.options.cmd[1])), 'codegpt')
    vim.system({ program, 'stats' }, { text = true, env = { NO_COLOR = '1' } }, vim.schedule_wrap(function(done)
      show(vim.split(vim.trim(done.stdout ~= '' and done.stdout or done.stderr), '\n', { plain = true }))
    end))
  end,
  status = function()
    vim.notify(codegpt.status())
  end,
}

---@param words string[] what stands behind :Codegpt
function M.run(words)
  local name = words[1] or 'status'
  local action, client = M.actions[name], codegpt.client()
  if not action then
    vim.notify(('codegpt: no %q; there are %s'):format(name, table.concat(M.names(), ', ')), vim.log.levels.ERROR)
  elseif not client and name ~= 'status' and name ~= 'stats' then
    vim.notify('codegpt: no server is attached to this buffer; see :checkhealth codegpt', vim.log.levels.ERROR)
  else
    action(client, vim.list_slice(words, 2))
  end
end

---@return string[]
function M.names()
  local names = vim.tbl_keys(M.actions)
  table.sort(names)
  return names
end

return M
