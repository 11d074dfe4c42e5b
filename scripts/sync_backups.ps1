<#
.SYNOPSIS
  Fetches the backups that are missing here from the server, by SSH, and compares every file with the sum that its manifest names.
.EXAMPLE
  .\scripts\sync_backups.ps1 -Server user@server
  .\scripts\sync_backups.ps1 -Server user@server -Destination D:\backups
#>
param(
  # user@host. Default: RAG_SERVER.
  [ValidatePattern('^[\w.@-]+$')][string]$Server = $env:RAG_SERVER,
  # Of the checkout, from the home folder there.
  [ValidatePattern('^[\w./~-]+$')][string]$Folder = 'RAG_Personal',
  [string]$Destination = (Join-Path $PSScriptRoot '..' 'backups')
)
$ErrorActionPreference = 'Stop'
if (-not $Server) { Write-Error 'Name the server: -Server user@host, or set RAG_SERVER.' }

# The folder belongs to the containers' user; whoever may use Docker reads it through one.
$list = "cd $Folder && docker compose -f docker-compose.prod.yml exec -T backup ls /backups"
$names = @(& ssh $Server $list) -match '^\d{4}-\d\d-\d\dT[\d-]+Z$'
if ($LASTEXITCODE -ne 0) { Write-Error "The backups on $Server cannot be listed." }
New-Item -ItemType Directory -Force -Path $Destination | Out-Null
$fetched = 0
foreach ($name in $names) {
  $target = Join-Path $Destination $name
  if (Test-Path $target) { continue }
  Write-Host "sync: fetching $name"
  $unfinished = Join-Path $Destination ".unfinished-$name"
  Remove-Item -Recurse -Force $unfinished -ErrorAction SilentlyContinue
  New-Item -ItemType Directory -Path $unfinished | Out-Null
  $archive = Join-Path $unfinished 'set.tar'
  $pack = "cd $Folder && docker compose -f docker-compose.prod.yml exec -T backup tar -C /backups/$name -cf - ."
  # By the shell of the system: PowerShell before 7.4 changes bytes that pass from one program to another.
  if ($IsLinux -or $IsMacOS) { & sh -c "ssh '$Server' '$pack' > '$archive'" } else { & cmd /c "ssh $Server `"$pack`" > `"$archive`"" }
  if ($LASTEXITCODE -ne 0) { Write-Error "$name could not be fetched; nothing of it is kept under its name." }
  & tar -C $unfinished -xf $archive
  Remove-Item $archive
  $manifest = Get-Content -Raw (Join-Path $unfinished 'manifest.json') | ConvertFrom-Json
  foreach ($file in $manifest.files) {
    $sum = (Get-FileHash -Algorithm SHA256 (Join-Path $unfinished $file.name)).Hash.ToLowerInvariant()
    if ($sum -ne $file.sha256) { Write-Error "$name is damaged: $($file.name) is not what its manifest says. Fetch it again." }
  }
  Move-Item $unfinished $target
  $fetched += 1
}
Write-Host "sync: $fetched fetched, $($names.Count) on the server, in $Destination"
