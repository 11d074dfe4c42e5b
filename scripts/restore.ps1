<#
.SYNOPSIS
  Restores a backup from Windows: runs scripts/restore.sh, here in a checkout (Git's bash, or WSL), or on the server by SSH.
.EXAMPLE
  .\scripts\restore.ps1 -List
  .\scripts\restore.ps1 -Date 2025-12-24 -DryRun
  .\scripts\restore.ps1 -Date 2025-12-24
  .\scripts\restore.ps1 -Date 2025-12-24 -Server user@server
#>
[CmdletBinding(DefaultParameterSetName = 'Restore')]
param(
  [Parameter(ParameterSetName = 'List', Mandatory)][switch]$List,
  # A day, or the name of a set.
  [Parameter(ParameterSetName = 'Restore', Mandatory)][ValidatePattern('^\d{4}-\d\d-\d\d(T[\d-]+Z)?$')][string]$Date,
  [Parameter(ParameterSetName = 'Restore')][switch]$DryRun,
  # user@host; without it, on this machine. Default: RAG_SERVER.
  [ValidatePattern('^[\w.@-]*$')][string]$Server = $env:RAG_SERVER,
  # Of the checkout, from the home folder there.
  [ValidatePattern('^[\w./~-]+$')][string]$Folder = 'RAG_Personal'
)
$ErrorActionPreference = 'Stop'
$arguments = if ($List) { @('--list') } elseif ($DryRun) { @('--dry-run', $Date) } else { @($Date) }
if ($Server) {
  Write-Host "restore: on ${Server}, in ${Folder}"
  & ssh $Server "cd $Folder && ./scripts/restore.sh $($arguments -join ' ')"
} else {
  Push-Location (Join-Path $PSScriptRoot '..')
  try { & bash ./scripts/restore.sh @arguments } finally { Pop-Location }
}
exit $LASTEXITCODE
