-- Version 1 of the store. Tables are long and thin; nothing relies on keys, sequences or
-- indexes, so that the same statements run on DuckLake. Times are UTC.

CREATE TABLE schema_version (version INTEGER, applied_at TIMESTAMP);

-- One row a run. run_key is a small integer that the store hands out.
CREATE TABLE run (
    run_key     INTEGER,
    project     VARCHAR,
    run_id      VARCHAR,
    name        VARCHAR,
    group_name  VARCHAR,
    job_type    VARCHAR,
    tags        VARCHAR[],
    notes       VARCHAR,
    state       VARCHAR,      -- running, finished, failed, crashed, stopped
    exit_code   INTEGER,
    config      JSON,
    summary     JSON,
    metadata    JSON,         -- program, host, git, packages, hardware
    created_at  TIMESTAMP,
    updated_at  TIMESTAMP,    -- last flush
    ended_at    TIMESTAMP,
    runtime_s   DOUBLE,       -- all sessions together, up to updated_at
    last_step   BIGINT,
    parent      JSON,         -- {"run_id": …, "step": …} of a fork
    sweep_id    VARCHAR,
    fold        JSON          -- what the summary needs to go on: sums, counts …
);

-- One row for each time that a process opened the run: a resumed run has several.
CREATE TABLE session (
    run_key     INTEGER,
    journal     VARCHAR,
    started_at  TIMESTAMP,
    runtime_before_s DOUBLE,
    first_step  BIGINT,
    host        VARCHAR,
    pid         BIGINT
);

CREATE TABLE series (
    series_key  INTEGER,
    run_key     INTEGER,
    stream      VARCHAR,      -- default (what log was given) or system (readings)
    key         VARCHAR,
    kind        VARCHAR       -- float, int, bool: in point; json: in value
);
CREATE TABLE point (series_key INTEGER, step BIGINT, time TIMESTAMP, value DOUBLE);
CREATE TABLE value (series_key INTEGER, step BIGINT, time TIMESTAMP, value JSON);

-- Long series of runs that have ended, in buckets of 2^shift steps: see store/series/rollups.py.
-- Made of the points and never the only copy: the tables may be emptied at any time.
CREATE TABLE rollup (
    series_key INTEGER, shift INTEGER, count BIGINT, bucket BIGINT, n BIGINT, total DOUBLE,
    first_step BIGINT, first DOUBLE, first_us BIGINT, low_step BIGINT, low DOUBLE,
    high_step BIGINT, high DOUBLE, last_step BIGINT, last DOUBLE, last_us BIGINT
);
-- The same in buckets four times as large, for groups of a thousand runs.
CREATE TABLE rollup_coarse (
    series_key INTEGER, shift INTEGER, bucket BIGINT, n BIGINT, total DOUBLE, low DOUBLE,
    high DOUBLE, last DOUBLE, first_step BIGINT, last_step BIGINT, first_us BIGINT, last_us BIGINT
);
CREATE TABLE rollup_odd (series_key INTEGER, step BIGINT, value DOUBLE);

-- define_metric
CREATE TABLE metric (
    run_key INTEGER, name VARCHAR, step_metric VARCHAR, step_sync BOOLEAN,
    summary VARCHAR[], goal VARCHAR, hidden BOOLEAN
);

CREATE TABLE console (run_key INTEGER, number BIGINT, stream VARCHAR, time TIMESTAMP, text VARCHAR);

CREATE TABLE cell (
    run_key INTEGER, number INTEGER, execution_count INTEGER, source VARCHAR,
    started_at TIMESTAMP, duration_s DOUBLE, status VARCHAR, error VARCHAR, cell_id VARCHAR
);

-- alert, config (a change), error (a traceback), warning
CREATE TABLE event (run_key INTEGER, time TIMESTAMP, kind VARCHAR, payload JSON);

-- A deleted version keeps its row, so that its number is not given again.
CREATE TABLE artifact_version (
    version_key INTEGER, project VARCHAR, name VARCHAR, type VARCHAR, version INTEGER,
    digest VARCHAR, description VARCHAR, metadata JSON, tags VARCHAR[], size_bytes BIGINT,
    created_at TIMESTAMP, run_key INTEGER,
    state       VARCHAR,      -- committed, deleted, or pending: parts of one that is being made
    updated_at  TIMESTAMP,
    step        BIGINT,       -- of its run when it was logged
    ttl_s       BIGINT,
    source_key  INTEGER       -- the version that this one, in another collection, is a link to
);
CREATE TABLE artifact_file (
    version_key INTEGER, path VARCHAR, sha256 VARCHAR, size_bytes BIGINT, reference VARCHAR,
    checksum    VARCHAR,      -- of a reference
    extra       JSON
);
-- The last word on each alias counts, in whatever order the journals are taken in; of one that
-- was taken away version_key is NULL.
CREATE TABLE alias (
    project VARCHAR, name VARCHAR, alias VARCHAR, version_key INTEGER, time_us BIGINT
);
CREATE TABLE lineage (run_key INTEGER, version_key INTEGER, direction VARCHAR, time TIMESTAMP);

-- What belongs to a project and to no run: saved workspaces, reports, sweeps.
CREATE TABLE document (
    kind VARCHAR, project VARCHAR, name VARCHAR, version INTEGER, content JSON, updated_at TIMESTAMP
);

-- Sweeps and their trials, made from the ledgers in sweeps/. version: how many of its facts are here.
CREATE TABLE sweep (
    sweep_id VARCHAR, project VARCHAR, state VARCHAR, created_at TIMESTAMP, version BIGINT
);
CREATE TABLE trial (
    sweep_id VARCHAR, number INTEGER, state VARCHAR, params JSON, run_id VARCHAR, value DOUBLE,
    attempt INTEGER, agent VARCHAR, is_prior BOOLEAN, began_at TIMESTAMP, ended_at TIMESTAMP
);

-- How far each journal has been taken in; commits together with the rows themselves.
CREATE TABLE journal (
    name        VARCHAR,
    run_key     INTEGER,      -- of a run that may have been deleted since
    position    BIGINT,       -- bytes
    open_step   BIGINT,       -- step of the last row, to which a further one may add …
    open_us     BIGINT        -- … and when its first row was logged, microseconds since 1970
);

-- What users query. These names and columns stay stable.
CREATE VIEW runs AS
    SELECT project, run_id, name, group_name, job_type, tags, notes, state, exit_code, config,
           summary, metadata, created_at, updated_at, ended_at, runtime_s, last_step, parent,
           sweep_id
    FROM run;
CREATE VIEW history AS
    SELECT r.project, r.run_id, s.key, p.step, p.time, p.value
    FROM point p JOIN series s USING (series_key) JOIN run r USING (run_key)
    WHERE s.stream = 'default';
CREATE VIEW history_values AS
    SELECT r.project, r.run_id, s.key, v.step, v.time, v.value
    FROM value v JOIN series s USING (series_key) JOIN run r USING (run_key)
    WHERE s.stream = 'default';
CREATE VIEW system AS
    SELECT r.project, r.run_id, s.key, p.time, p.value
    FROM point p JOIN series s USING (series_key) JOIN run r USING (run_key)
    WHERE s.stream = 'system';
CREATE VIEW summary AS
    SELECT r.project, r.run_id, t.key, t.value
    FROM run r, LATERAL (
        SELECT unnest(json_keys(r.summary)) AS key,
               unnest(json_extract(r.summary, '$.*')) AS value
    ) t;
CREATE VIEW media AS
    SELECT r.project, r.run_id, s.key, v.step, v.time, v.value ->> '$._type' AS type,
           v.value ->> '$.sha256' AS sha256, v.value ->> '$.caption' AS caption, v.value
    FROM value v JOIN series s USING (series_key) JOIN run r USING (run_key)
    WHERE (v.value ->> '$._type') IS NOT NULL;
CREATE VIEW console_lines AS
    SELECT r.project, r.run_id, c.number, c.stream, c.time, c.text
    FROM console c JOIN run r USING (run_key);
CREATE VIEW cells AS
    SELECT r.project, r.run_id, c.number, c.execution_count, c.source, c.started_at,
           c.duration_s, c.status, c.error, c.cell_id
    FROM cell c JOIN run r USING (run_key);
CREATE VIEW events AS
    SELECT r.project, r.run_id, e.time, e.kind, e.payload FROM event e JOIN run r USING (run_key);
CREATE VIEW artifacts AS
    SELECT a.project, a.name, a.type, 'v' || a.version AS version,
           coalesce((SELECT list(x.alias ORDER BY x.time_us, x.alias) FROM alias x
                     WHERE x.version_key = a.version_key), []) AS aliases,
           s.tags, s.digest, s.size_bytes, s.description, s.metadata, a.created_at,
           greatest(a.updated_at, s.updated_at) AS updated_at, s.step, s.ttl_s,
           CASE WHEN a.source_key IS NOT NULL
                THEN s.project || '/' || s.name || ':v' || s.version END AS link_to, r.run_id
    FROM artifact_version a
         JOIN artifact_version s ON s.version_key = coalesce(a.source_key, a.version_key)
         LEFT JOIN run r ON r.run_key = s.run_key
    WHERE a.state = 'committed';
CREATE VIEW artifact_files AS
    SELECT a.project, a.name, 'v' || a.version AS version, f.path, f.sha256, f.size_bytes,
           f.reference, f.checksum
    FROM artifact_file f JOIN artifact_version a USING (version_key)
    WHERE a.state = 'committed';
CREATE VIEW artifact_uses AS
    SELECT r.project, r.run_id, l.direction, a.project AS artifact_project, a.name,
           'v' || a.version AS version, a.type, a.state, l.time
    FROM lineage l JOIN run r USING (run_key) JOIN artifact_version a USING (version_key)
    WHERE a.state <> 'pending';
CREATE VIEW sweeps AS
    SELECT s.project, s.sweep_id, s.state, s.created_at, d.content -> '$.config' AS config
    FROM sweep s LEFT JOIN document d
        ON d.kind = 'sweep' AND d.project = s.project AND d.name = s.sweep_id;
CREATE VIEW trials AS
    SELECT s.project, t.sweep_id, t.number, t.state, t.params, t.value, t.run_id, t.attempt,
           t.is_prior, t.began_at, t.ended_at
    FROM trial t JOIN sweep s USING (sweep_id);
