-- :checkhealth codegpt

local codegpt = require('codegpt')

local M = {}

function M.check()
  local health = vim.health
  health.start('codegpt')
  if vim.fn.has('nvim-0.11') == 0 then
    return health.error('Neovim 0.11 or newer is needed')
  end
  health.ok(('Neovim %s'):format(vim.version()))
  local program = codegpt.options.cmd[1]
  if vim.fn.executable(program) == 0 then
    return health.error(program .. ' is not found', { 'pip install codegpt-lsp', "or setup({ cmd = { '/its/path' } })" })
  end
  local said = vim.system({ program, '--version' }, { text = true }):wait()
  health.ok(vim.trim(said.stdout ~= '' and said.stdout or said.stderr))
  local clients = vim.lsp.get_clients({ name = 'codegpt' })
  if #clients == 0 then
    return health.warn('no server runs: open a file, with require("codegpt").setup() in init.lua')
  end
  for _, client in ipairs(clients) do
    health.ok(('a server runs for %s, positions in %s'):format(client.root_dir or 'single files', client.offset_encoding))
  end
  local line = ('%s: %s'):format(codegpt.said.state, codegpt.said.detail)
  if codegpt.said.state == 'failed' then
    health.error(line, { 'codegpt models pull' })
  else
    health.ok(line)
  end
end

return M
