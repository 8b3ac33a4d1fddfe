"""What the embedded PostgreSQL is told about the machine it runs on, as the text of a file."""

from __future__ import annotations

_MB = 1024**2
_GB = 1024**3

SHARED_BUFFERS_BYTES_MIN = 128 * _MB
SHARED_BUFFERS_BYTES_MAX = 2 * _GB
MAX_WAL_BYTES_MIN = 256 * _MB
MAX_WAL_BYTES_MAX = 8 * _GB
MAINTENANCE_BYTES_MIN = 64 * _MB
MAINTENANCE_BYTES_MAX = 512 * _MB

_TEXT = """\
# Written by pitboss at every start; changes made here are lost.
# Your own settings go into postgresql.conf, after the line that includes this file.
# What makes a commit durable is not touched: it stays as PostgreSQL ships it.

# Nobody reaches this server over a network, and no other user of this machine may connect.
listen_addresses = ''
port = 5432
unix_socket_directories = '{socket_folder}'
unix_socket_permissions = 0700
max_connections = 200

# In the titles of its processes, so that those of another home are never taken for ours.
cluster_name = '{cluster_name}'
update_process_title = on

# The hot tables fit in here; the rest is better left to the system's own cache.
shared_buffers = {shared_buffers_mb}MB
effective_cache_size = {cache_mb}MB
# For building indexes and for vacuum.
maintenance_work_mem = {maintenance_mb}MB
# For sorting and hashing; a report asks for several of these at once.
work_mem = 16MB

# Checkpoints are rare and spread out: each page's first change after one is written whole.
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
max_wal_size = {max_wal_mb}MB
# Kept for reuse, because writing over an old segment is faster than making a new one.
min_wal_size = {min_wal_mb}MB
# This build has no lz4, and the compression that it has costs more time than it saves.
wal_compression = off

# A few small tables change all the time; they stay small if they are cleaned all the time.
autovacuum_naptime = 10s
autovacuum_vacuum_cost_limit = 2000
# Large tables: do not wait until a fifth of them is dead.
autovacuum_vacuum_scale_factor = 0.05
autovacuum_analyze_scale_factor = 0.05

# Solid-state disks: a random read costs about what the next one costs, and many run at once.
random_page_cost = 1.1
effective_io_concurrency = 64

# What went slowly and who waited for whom.
log_checkpoints = on
log_lock_waits = on
log_autovacuum_min_duration = 10s
log_min_duration_statement = 1s
log_line_prefix = '%m [%p] %a %d '
# Values, and rows quoted in details, may be personal data; they stay out of the log.
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_error_verbosity = terse

# The same answers on every machine.
timezone = 'UTC'
log_timezone = 'UTC'
"""


def settings(
    *, memory_bytes: int, disk_free_bytes: int, socket_folder: str, cluster_name: str
) -> str:
    """Return the settings file for a server on this machine.

    Args:
        memory_bytes: what the machine has, or what the server should believe it has.
        disk_free_bytes: what is free where the data lies.
        socket_folder: the absolute path of the folder for the socket; no quotes in it.
        cluster_name: shown in the titles of the server's processes.
    """
    shared_buffers = _between(SHARED_BUFFERS_BYTES_MIN, memory_bytes // 4, SHARED_BUFFERS_BYTES_MAX)
    # A fifth: the log of changes must never be what fills the disk.
    max_wal = _between(MAX_WAL_BYTES_MIN, disk_free_bytes // 5, MAX_WAL_BYTES_MAX)
    maintenance = _between(MAINTENANCE_BYTES_MIN, memory_bytes // 32, MAINTENANCE_BYTES_MAX)
    return _TEXT.format(
        socket_folder=socket_folder,
        cluster_name=cluster_name,
        shared_buffers_mb=shared_buffers // _MB,
        cache_mb=max(shared_buffers, memory_bytes // 2) // _MB,
        maintenance_mb=maintenance // _MB,
        max_wal_mb=max_wal // _MB,
        min_wal_mb=max_wal // 4 // _MB,
    )


def _between(least: int, wished: int, most: int) -> int:
    return max(least, min(wished, most))
