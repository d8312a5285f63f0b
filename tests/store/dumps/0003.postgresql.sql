SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE COLLATION public."binary" (provider = libc, locale = 'C');
CREATE FUNCTION public.event_follow() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN IF 
    NEW.seq <> coalesce((SELECT max(seq) FROM event WHERE host = NEW.host), 0) + 1
    OR NEW.previous <> coalesce(
        (SELECT hash FROM event WHERE host = NEW.host ORDER BY seq DESC LIMIT 1), NEW.previous)
 THEN RAISE EXCEPTION 'an event must follow the last one of its host'; END IF; RETURN NEW; END $$;
CREATE FUNCTION public.event_refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.container (
    id character varying NOT NULL,
    host character varying NOT NULL,
    project_id character varying NOT NULL,
    engine character varying NOT NULL,
    engine_identity character varying NOT NULL,
    engine_version character varying DEFAULT ''::character varying NOT NULL,
    name character varying NOT NULL,
    engine_id character varying DEFAULT ''::character varying NOT NULL,
    image character varying NOT NULL,
    policy character varying DEFAULT ''::character varying NOT NULL,
    spec_hash character varying NOT NULL,
    state character varying NOT NULL,
    created character varying NOT NULL,
    last_seen character varying NOT NULL,
    last_used character varying NOT NULL,
    gone character varying DEFAULT ''::character varying NOT NULL,
    gone_why character varying DEFAULT ''::character varying NOT NULL,
    spec character varying DEFAULT '{}'::character varying NOT NULL,
    flags character varying DEFAULT '{}'::character varying NOT NULL,
    collected character varying DEFAULT ''::character varying NOT NULL
);
CREATE TABLE public.egress (
    id character varying NOT NULL,
    host character varying NOT NULL,
    container_id character varying NOT NULL,
    session_id character varying DEFAULT ''::character varying NOT NULL,
    policy character varying DEFAULT ''::character varying NOT NULL,
    layer character varying NOT NULL,
    verdict character varying NOT NULL,
    destination character varying NOT NULL,
    address character varying DEFAULT ''::character varying NOT NULL,
    port bigint NOT NULL,
    protocol character varying DEFAULT ''::character varying NOT NULL,
    uid bigint NOT NULL,
    first_seen character varying NOT NULL,
    last_seen character varying NOT NULL,
    attempts bigint NOT NULL,
    sent bigint DEFAULT '0'::bigint NOT NULL,
    received bigint DEFAULT '0'::bigint NOT NULL
);
CREATE TABLE public.project (
    id character varying NOT NULL,
    host character varying NOT NULL,
    path character varying NOT NULL,
    name character varying NOT NULL,
    created character varying NOT NULL,
    last_used character varying NOT NULL,
    forgotten character varying DEFAULT ''::character varying NOT NULL,
    place character varying DEFAULT ''::character varying NOT NULL
);
CREATE VIEW public.audit_egress AS
 SELECT e.host,
    p.path AS project,
    c.name AS container,
    e.session_id AS session,
    e.policy,
    e.layer,
    e.verdict,
    e.destination,
    e.address,
    e.port,
    e.protocol,
    e.first_seen,
    e.last_seen,
    e.attempts,
    e.sent,
    e.received
   FROM ((public.egress e
     JOIN public.container c ON (((c.id)::text = (e.container_id)::text)))
     JOIN public.project p ON (((p.id)::text = (c.project_id)::text)));
CREATE TABLE public.event (
    host character varying NOT NULL,
    seq bigint NOT NULL,
    at character varying NOT NULL,
    topic character varying NOT NULL,
    kind character varying NOT NULL,
    subject character varying NOT NULL,
    project_id character varying DEFAULT ''::character varying NOT NULL,
    data character varying NOT NULL,
    previous character varying NOT NULL,
    hash character varying NOT NULL,
    CONSTRAINT ck_event_topic CHECK ((substr((kind)::text, 1, (length((topic)::text) + 1)) = ((topic)::text || '.'::text)))
);
CREATE VIEW public.audit_event AS
 SELECT e.host,
    e.seq,
    e.at,
    e.topic,
    e.kind,
    e.subject,
    COALESCE(p.path, ''::character varying) AS project,
    e.data
   FROM (public.event e
     LEFT JOIN public.project p ON (((p.id)::text = (e.project_id)::text)));
CREATE TABLE public.policy (
    host character varying NOT NULL,
    hash character varying NOT NULL,
    parent character varying DEFAULT ''::character varying NOT NULL,
    rules character varying NOT NULL,
    mode character varying NOT NULL,
    reason character varying DEFAULT ''::character varying NOT NULL,
    author character varying DEFAULT ''::character varying NOT NULL,
    expires character varying DEFAULT ''::character varying NOT NULL,
    created character varying NOT NULL
);
CREATE TABLE public.session (
    id character varying NOT NULL,
    host character varying NOT NULL,
    project_id character varying NOT NULL,
    container_id character varying NOT NULL,
    kind character varying NOT NULL,
    image character varying NOT NULL,
    policy character varying DEFAULT ''::character varying NOT NULL,
    credential character varying DEFAULT ''::character varying NOT NULL,
    argv character varying NOT NULL,
    tty boolean NOT NULL,
    detachable boolean NOT NULL,
    pid bigint NOT NULL,
    pid_start character varying NOT NULL,
    boot_id character varying NOT NULL,
    started character varying NOT NULL,
    ended character varying DEFAULT ''::character varying NOT NULL,
    exit_code integer,
    how character varying DEFAULT ''::character varying NOT NULL
);
CREATE VIEW public.audit_policy AS
 SELECT s.host,
    p.path AS project,
    s.policy,
    COALESCE(y.mode, ''::character varying) AS mode,
    COALESCE(y.author, ''::character varying) AS author,
    COALESCE(y.reason, ''::character varying) AS reason,
    COALESCE(y.rules, ''::character varying) AS rules,
    count(*) AS sessions,
    min((s.started)::text) AS first_used,
    max((s.started)::text) AS last_used
   FROM ((public.session s
     JOIN public.project p ON (((p.id)::text = (s.project_id)::text)))
     LEFT JOIN public.policy y ON ((((y.host)::text = (s.host)::text) AND ((y.hash)::text = (s.policy)::text))))
  GROUP BY s.host, p.path, s.policy, y.mode, y.author, y.reason, y.rules;
CREATE TABLE public.image (
    id character varying NOT NULL,
    host character varying NOT NULL,
    recipe character varying NOT NULL,
    layer character varying NOT NULL,
    parent character varying NOT NULL,
    reference character varying NOT NULL,
    digest character varying NOT NULL,
    claude_version character varying NOT NULL,
    base_origin character varying NOT NULL,
    base_digest character varying NOT NULL,
    build_args character varying NOT NULL,
    built character varying NOT NULL,
    seconds double precision NOT NULL,
    size bigint NOT NULL,
    removed character varying DEFAULT ''::character varying NOT NULL,
    removed_why character varying DEFAULT ''::character varying NOT NULL
);
CREATE VIEW public.audit_session AS
 SELECT s.host,
    s.id,
    p.path AS project,
    c.name AS container,
    c.engine,
    s.kind,
    s.argv,
    s.image,
    COALESCE(( SELECT max((i.claude_version)::text) AS max
           FROM public.image i
          WHERE (((i.host)::text = (s.host)::text) AND ((i.reference)::text = (s.image)::text))), ''::text) AS claude_version,
    s.policy,
    COALESCE(y.mode, ''::character varying) AS mode,
    s.credential,
    s.started,
    s.ended,
        CASE
            WHEN ((s.ended)::text = ''::text) THEN NULL::numeric
            ELSE EXTRACT(epoch FROM ((s.ended)::timestamp with time zone - (s.started)::timestamp with time zone))
        END AS seconds,
    s.exit_code,
    s.how
   FROM (((public.session s
     JOIN public.project p ON (((p.id)::text = (s.project_id)::text)))
     JOIN public.container c ON (((c.id)::text = (s.container_id)::text)))
     LEFT JOIN public.policy y ON ((((y.host)::text = (s.host)::text) AND ((y.hash)::text = (s.policy)::text))));
CREATE TABLE public.credential (
    host character varying NOT NULL,
    fingerprint character varying NOT NULL,
    source character varying NOT NULL,
    kind character varying NOT NULL,
    expires character varying DEFAULT ''::character varying NOT NULL,
    first_seen character varying NOT NULL,
    forgotten character varying DEFAULT ''::character varying NOT NULL
);
CREATE TABLE public.engine (
    host character varying NOT NULL,
    kind character varying NOT NULL,
    identity character varying NOT NULL,
    version character varying DEFAULT ''::character varying NOT NULL,
    first_seen character varying NOT NULL
);
CREATE TABLE public.host (
    id character varying NOT NULL,
    name character varying NOT NULL,
    created character varying NOT NULL
);
CREATE TABLE public.rule (
    id character varying NOT NULL,
    host character varying NOT NULL,
    project_id character varying NOT NULL,
    kind character varying NOT NULL,
    text character varying NOT NULL,
    reason character varying NOT NULL,
    author character varying NOT NULL,
    added character varying NOT NULL,
    until character varying DEFAULT ''::character varying NOT NULL,
    removed character varying DEFAULT ''::character varying NOT NULL,
    removed_why character varying DEFAULT ''::character varying NOT NULL
);
CREATE TABLE public.setting (
    host character varying NOT NULL,
    engine character varying NOT NULL,
    key character varying NOT NULL,
    value character varying NOT NULL,
    changed character varying NOT NULL
);
CREATE TABLE public.transcript (
    host character varying NOT NULL,
    home character varying NOT NULL,
    path character varying NOT NULL,
    project_id character varying NOT NULL,
    inode bigint NOT NULL,
    "position" bigint NOT NULL,
    seen character varying NOT NULL
);
CREATE TABLE public.trust (
    host character varying NOT NULL,
    path character varying NOT NULL,
    sha256 character varying DEFAULT ''::character varying NOT NULL,
    changed character varying NOT NULL
);
CREATE TABLE public.usage (
    host character varying NOT NULL,
    message_id character varying NOT NULL,
    request_id character varying DEFAULT ''::character varying NOT NULL,
    project_id character varying NOT NULL,
    session_id character varying DEFAULT ''::character varying NOT NULL,
    model character varying NOT NULL,
    at character varying NOT NULL,
    input_tokens bigint DEFAULT '0'::bigint NOT NULL,
    output_tokens bigint DEFAULT '0'::bigint NOT NULL,
    cache_read_tokens bigint DEFAULT '0'::bigint NOT NULL,
    cache_write_5m_tokens bigint DEFAULT '0'::bigint NOT NULL,
    cache_write_1h_tokens bigint DEFAULT '0'::bigint NOT NULL,
    cost double precision,
    conversation character varying DEFAULT ''::character varying NOT NULL,
    image character varying DEFAULT ''::character varying NOT NULL
);
INSERT INTO public.alembic_version VALUES ('0003');
INSERT INTO public.container VALUES ('c2', '0123456789abcdef', 'p1', 'docker', 'store-1', '', 'second', '', 'contenant:2.1.0-aaaaaaaaaaaa', '', '5555555555555555555555555555555555555555555555555555555555555555', 'created', '2026-01-31T09:30:00.000Z', '2026-01-31T09:30:00.000Z', '2026-01-31T09:30:00.000Z', '', '', '{}', '{}', '');
INSERT INTO public.container VALUES ('c1', '0123456789abcdef', 'p1', 'podman', 'store-1', '5', 'contenant-p1', 'another', 'contenant:2.1.0-aaaaaaaaaaaa', '', '5555555555555555555555555555555555555555555555555555555555555555', 'running', '2026-01-31T09:30:00.000Z', '2026-01-31T09:30:18.000Z', '2026-01-31T09:30:00.000Z', '', '', '{}', '{}', 'b:2');
INSERT INTO public.credential VALUES ('0123456789abcdef', 'ffffffffffff', 'keyring', 'oauth', '2027-01-31T09:30:00.000Z', '2026-01-31T09:30:25.000Z', '2026-01-31T09:30:26.000Z');
INSERT INTO public.egress VALUES ('e1', '0123456789abcdef', 'c1', '', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', 'dns', 'deny', 'a.example.com', '', 443, 'tcp', -1, '2026-01-31T09:30:00.000Z', '2026-01-31T09:30:00.000Z', 6, 0, 0);
INSERT INTO public.engine VALUES ('0123456789abcdef', 'podman', 'store-1', '5', '2026-01-31T09:30:01.000Z');
INSERT INTO public.engine VALUES ('0123456789abcdef', 'docker', 'store-1', '', '2026-01-31T09:30:13.000Z');
INSERT INTO public.event VALUES ('0123456789abcdef', 1, '2026-01-31T09:30:01.000Z', 'project', 'project.added', 'p1', 'p1', '{"name":"contenant-p1","path":"/work/one"}', '0000000000000000000000000000000000000000000000000000000000000000', 'c656c5ced6b27466a6295480590de6dee0495262262205bdb77c90c07d572711');
INSERT INTO public.event VALUES ('0123456789abcdef', 2, '2026-01-31T09:30:01.000Z', 'container', 'container.creating', 'c1', 'p1', '{"created":"2026-01-31T09:30:00.000Z","engine":"podman","engine_id":"","engine_identity":"store-1","engine_version":"","flags":"{}","gone":"","gone_why":"","id":"c1","image":"contenant:2.1.0-aaaaaaaaaaaa","last_seen":"2026-01-31T09:30:00.000Z","last_used":"2026-01-31T09:30:00.000Z","name":"contenant-p1","policy":"","project_id":"p1","spec":"{}","spec_hash":"5555555555555555555555555555555555555555555555555555555555555555","state":"created"}', 'c656c5ced6b27466a6295480590de6dee0495262262205bdb77c90c07d572711', '66e937c862b48bede077e90b7e004a2a86a5ee40d452fb0ea45b02c0ed705c40');
INSERT INTO public.event VALUES ('0123456789abcdef', 3, '2026-01-31T09:30:01.000Z', 'container', 'container.created', 'c1', 'p1', '{"engine_id":"engine-c1"}', '66e937c862b48bede077e90b7e004a2a86a5ee40d452fb0ea45b02c0ed705c40', '1af948cbbea3d6c2f9dbf2743fa4fe38a97d7c67b892cfad1ce41af98091f12b');
INSERT INTO public.event VALUES ('0123456789abcdef', 4, '2026-01-31T09:30:02.000Z', 'container', 'container.state', 'c1', 'p1', '{"from":"created","to":"running","why":"started"}', '1af948cbbea3d6c2f9dbf2743fa4fe38a97d7c67b892cfad1ce41af98091f12b', '69a663c98b55e51846e877eb431ca52c843f0c931b97f4c46bda416b1cc8b0b3');
INSERT INTO public.event VALUES ('0123456789abcdef', 5, '2026-01-31T09:30:03.000Z', 'policy', 'policy.stored', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', '', '{"author":"me","expires":"","mode":"audit","parent":"","reason":"why","rules":"allow x\n"}', '69a663c98b55e51846e877eb431ca52c843f0c931b97f4c46bda416b1cc8b0b3', '02780dad53b7be8786f462edc2feaddbd417113186d09d190ba3873add2a292d');
INSERT INTO public.event VALUES ('0123456789abcdef', 6, '2026-01-31T09:30:04.000Z', 'container', 'container.policy', 'c1', 'p1', '{"from":"","how":"live","to":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"}', '02780dad53b7be8786f462edc2feaddbd417113186d09d190ba3873add2a292d', '5a59621c267ce149d22945f2d30c637880d3ca95124acbbcc107d6dbb2c37efe');
INSERT INTO public.event VALUES ('0123456789abcdef', 7, '2026-01-31T09:30:05.000Z', 'session', 'session.starting', 's1', 'p1', '{"argv":["bash","-c","true ''a b''"],"boot_id":"boot-1","container_id":"c1","credential":"","detachable":false,"ended":"","exit_code":null,"how":"","id":"s1","image":"contenant:2.1.0-aaaaaaaaaaaa","kind":"command","pid":4711,"pid_start":"99","policy":"","started":"2026-01-31T09:30:00.000Z","tty":true}', '5a59621c267ce149d22945f2d30c637880d3ca95124acbbcc107d6dbb2c37efe', '668218f05a7abcd7317c013036ad3ce1e3c048b1865776ceadfa8052cd09b2e7');
INSERT INTO public.event VALUES ('0123456789abcdef', 8, '2026-01-31T09:30:05.000Z', 'session', 'session.starting', 's2', 'p1', '{"argv":["bash","-c","true ''a b''"],"boot_id":"boot-1","container_id":"c1","credential":"","detachable":false,"ended":"","exit_code":null,"how":"","id":"s2","image":"contenant:2.1.0-aaaaaaaaaaaa","kind":"command","pid":4711,"pid_start":"99","policy":"","started":"2026-01-31T09:30:00.000Z","tty":true}', '668218f05a7abcd7317c013036ad3ce1e3c048b1865776ceadfa8052cd09b2e7', 'a4bab8cd087f797434046b23a2f076d6b1da4320df2e01308d742b03e839aff4');
INSERT INTO public.event VALUES ('0123456789abcdef', 9, '2026-01-31T09:30:06.000Z', 'session', 'session.detached', 's1', 'p1', '{}', 'a4bab8cd087f797434046b23a2f076d6b1da4320df2e01308d742b03e839aff4', '30cd039bf1367f916d6d57c2536b3584428b0702cf51624a191218b4f2d9721b');
INSERT INTO public.event VALUES ('0123456789abcdef', 10, '2026-01-31T09:30:06.000Z', 'session', 'session.reattached', 's1', 'p1', '{"boot_id":"boot-1","pid":9,"pid_start":"99"}', '30cd039bf1367f916d6d57c2536b3584428b0702cf51624a191218b4f2d9721b', 'ad2e615d4ba385f7d3cd2ff67f80574ac1766d056cd56534b4c80f8c20f0e6e1');
INSERT INTO public.event VALUES ('0123456789abcdef', 11, '2026-01-31T09:30:07.000Z', 'session', 'session.ended', 's1', 'p1', '{"exit_code":null,"how":"lost"}', 'ad2e615d4ba385f7d3cd2ff67f80574ac1766d056cd56534b4c80f8c20f0e6e1', 'f4b6e99a4e3ea7c539047b08b861e8537b43e8038d014e5769892e598136a257');
INSERT INTO public.event VALUES ('0123456789abcdef', 12, '2026-01-31T09:30:07.000Z', 'session', 'session.ended', 's1', 'p1', '{"exit_code":0,"how":"exited"}', 'f4b6e99a4e3ea7c539047b08b861e8537b43e8038d014e5769892e598136a257', '10691a24e6c3dec76324190e5451bed7c8913ce1cd6ce44b44aee54f4167301e');
INSERT INTO public.event VALUES ('0123456789abcdef', 13, '2026-01-31T09:30:08.000Z', 'session', 'session.left', 's1', 'p1', '{"added":["x"]}', '10691a24e6c3dec76324190e5451bed7c8913ce1cd6ce44b44aee54f4167301e', '26072fc1ad5fe000e0596c1720df49d91623d3eb84207cd8086bc36b5acc7db0');
INSERT INTO public.event VALUES ('0123456789abcdef', 14, '2026-01-31T09:30:09.000Z', 'session', 'session.ssh', 's1', 'p1', '{"keys":["SHA256:x"]}', '26072fc1ad5fe000e0596c1720df49d91623d3eb84207cd8086bc36b5acc7db0', 'b2aef22bdbee3b6fe76527b2d68db027a66b4db01b6e8e0b5510d4a400b4edb4');
INSERT INTO public.event VALUES ('0123456789abcdef', 15, '2026-01-31T09:30:10.000Z', 'container', 'container.renamed', 'c1', 'p1', '{"from":"contenant-p1","to":"other"}', 'b2aef22bdbee3b6fe76527b2d68db027a66b4db01b6e8e0b5510d4a400b4edb4', 'ddb59ba332e70ef1b7879625b17609beaa9e2f4a971209be69a75cd502d5aa26');
INSERT INTO public.event VALUES ('0123456789abcdef', 16, '2026-01-31T09:30:10.000Z', 'container', 'container.removing', 'c1', 'p1', '{"why":"cl\u0000ean"}', 'ddb59ba332e70ef1b7879625b17609beaa9e2f4a971209be69a75cd502d5aa26', 'fbd0efea0d5567f954335ae718c2301500ede477dd02f51cd0c2b3467d194506');
INSERT INTO public.event VALUES ('0123456789abcdef', 17, '2026-01-31T09:30:11.000Z', 'container', 'container.gone', 'c1', 'p1', '{"why":"clean"}', 'fbd0efea0d5567f954335ae718c2301500ede477dd02f51cd0c2b3467d194506', '79726f18482baa82e7b69d1924a861561d4e82947a2c0e3b339b43c82c344742');
INSERT INTO public.event VALUES ('0123456789abcdef', 18, '2026-01-31T09:30:12.000Z', 'container', 'container.adopted', 'c1', 'p1', '{"created":"2026-01-31T09:30:00.000Z","engine":"podman","engine_id":"","engine_identity":"store-1","engine_version":"5","flags":"{}","gone":"","gone_why":"","id":"c1","image":"contenant:2.1.0-aaaaaaaaaaaa","last_seen":"2026-01-31T09:30:00.000Z","last_used":"2026-01-31T09:30:00.000Z","name":"contenant-p1","policy":"","project_id":"p1","spec":"{}","spec_hash":"5555555555555555555555555555555555555555555555555555555555555555","state":"running"}', '79726f18482baa82e7b69d1924a861561d4e82947a2c0e3b339b43c82c344742', 'bf0718f1374ef5e7ac3e655da978e86aa7535aba4e16b766465b00b32e352d27');
INSERT INTO public.event VALUES ('0123456789abcdef', 19, '2026-01-31T09:30:13.000Z', 'container', 'container.adopted', 'c2', 'p1', '{"created":"2026-01-31T09:30:00.000Z","engine":"docker","engine_id":"","engine_identity":"store-1","engine_version":"","flags":"{}","gone":"","gone_why":"","id":"c2","image":"contenant:2.1.0-aaaaaaaaaaaa","last_seen":"2026-01-31T09:30:00.000Z","last_used":"2026-01-31T09:30:00.000Z","name":"second","policy":"","project_id":"p1","spec":"{}","spec_hash":"5555555555555555555555555555555555555555555555555555555555555555","state":"created"}', 'bf0718f1374ef5e7ac3e655da978e86aa7535aba4e16b766465b00b32e352d27', '2853ec0afad0e3317a8b03d0dd7538b006039ae9075411cc7848bd35de7e5a15');
INSERT INTO public.event VALUES ('0123456789abcdef', 20, '2026-01-31T09:30:14.000Z', 'image', 'image.building', 'x:1', '', '{"recipe":"r"}', '2853ec0afad0e3317a8b03d0dd7538b006039ae9075411cc7848bd35de7e5a15', '195b1c6b2d16bb6bfcc163c4f2a0852d840770b2deb02bd2391e1eaf3156da62');
INSERT INTO public.event VALUES ('0123456789abcdef', 42, '2026-01-31T09:30:30.000Z', 'config', 'config.changed', '/b/%FF', '', '{"before":"","path":"/b/\udcff","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}', 'b51cafe0c9865e12432b54c02617b832fcb0145d490667812121ea1a0d7569d2', 'f5df5e84237217ca1dc2b705cd36b805a97a32cb3908a73584d0c557e9e5b1e8');
INSERT INTO public.event VALUES ('0123456789abcdef', 21, '2026-01-31T09:30:14.000Z', 'image', 'image.built', 'i1', '', '{"base_digest":"sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","base_origin":"local","build_args":"{}","built":"2026-01-31T09:30:00.000Z","claude_version":"2.1.0","digest":"sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","id":"i1","layer":"base","parent":"debian:trixie","recipe":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","reference":"contenant:2.1.0-aaaaaaaaaaaa","seconds":12.5,"size":3000000000}', '195b1c6b2d16bb6bfcc163c4f2a0852d840770b2deb02bd2391e1eaf3156da62', '3ffbb54b73a0e043418eb31f675dae71caad8732b96fb22438afd8d973f1b9e0');
INSERT INTO public.event VALUES ('0123456789abcdef', 22, '2026-01-31T09:30:14.000Z', 'image', 'image.failed', 'x:2', '', '{"log":"/l","recipe":"r"}', '3ffbb54b73a0e043418eb31f675dae71caad8732b96fb22438afd8d973f1b9e0', 'f0ee64d35123b603426f115c3e99a5309c6946405d351541b46d91c891a358da');
INSERT INTO public.event VALUES ('0123456789abcdef', 23, '2026-01-31T09:30:15.000Z', 'image', 'image.removed', 'contenant:2.1.0-aaaaaaaaaaaa', '', '{"why":"stale"}', 'f0ee64d35123b603426f115c3e99a5309c6946405d351541b46d91c891a358da', 'd6b041fae3cc44769463e62c741fb63675a9bed723c04765784fbb0ebd29238a');
INSERT INTO public.event VALUES ('0123456789abcdef', 24, '2026-01-31T09:30:16.000Z', 'engine', 'engine.remembered', 'podman', '', '{"key":"runtime","value":"runc"}', 'd6b041fae3cc44769463e62c741fb63675a9bed723c04765784fbb0ebd29238a', '1d7c8aff4fe90b25875a007b2e22a271ceaf475871e973c12d41f8b64a7adfd7');
INSERT INTO public.event VALUES ('0123456789abcdef', 25, '2026-01-31T09:30:16.000Z', 'engine', 'engine.remembered', 'podman', '', '{"key":"runtime","value":"crun"}', '1d7c8aff4fe90b25875a007b2e22a271ceaf475871e973c12d41f8b64a7adfd7', 'f2ab3be3947efbfca3dad8645a8b294d28d0e0330d5bab727d8d219f5627483d');
INSERT INTO public.event VALUES ('0123456789abcdef', 26, '2026-01-31T09:30:17.000Z', 'project', 'project.located', 'p1', 'p1', '{"place":"1:2"}', 'f2ab3be3947efbfca3dad8645a8b294d28d0e0330d5bab727d8d219f5627483d', '1fa6d3394b0a63b9eb0b9b3dd44bc1850c07b0df2da71170ccf140b741fa6fe3');
INSERT INTO public.event VALUES ('0123456789abcdef', 27, '2026-01-31T09:30:18.000Z', 'container', 'container.replaced', 'c1', 'p1', '{"from":"","to":"another"}', '1fa6d3394b0a63b9eb0b9b3dd44bc1850c07b0df2da71170ccf140b741fa6fe3', '7204d837aca073810fdeaefdb98ab251236ef0c3dd576756afd2df2891d38a8c');
INSERT INTO public.event VALUES ('0123456789abcdef', 28, '2026-01-31T09:30:19.000Z', 'clock', 'clock.set_back', '', '', '{"before":"2027-01-31T09:30:00.000Z"}', '7204d837aca073810fdeaefdb98ab251236ef0c3dd576756afd2df2891d38a8c', 'ea29e6a9d37e10a270d367917ba764a9f5af7ac96fecb6f3c30bcc264fbacff1');
INSERT INTO public.event VALUES ('0123456789abcdef', 29, '2026-01-31T09:30:20.000Z', 'project', 'project.moved', 'p1', 'p1', '{"from":"/work/one","to":"/work/\udcff new"}', 'ea29e6a9d37e10a270d367917ba764a9f5af7ac96fecb6f3c30bcc264fbacff1', 'be6c06ba0dd888ab15bbba2a59eee387e9c8d0af31aff5b9cef8a40f407b0649');
INSERT INTO public.event VALUES ('0123456789abcdef', 30, '2026-01-31T09:30:21.000Z', 'rule', 'rule.added', 'r1', 'p1', '{"added":"2026-01-31T09:30:00.000Z","author":"me","id":"r1","kind":"allow","project_id":"p1","reason":"needed","removed":"","removed_why":"","text":"a.example.com","until":""}', 'be6c06ba0dd888ab15bbba2a59eee387e9c8d0af31aff5b9cef8a40f407b0649', '2481b0fadce95d0dd47bb638c459c987bf3c68243ff492344bd360d853ab3e07');
INSERT INTO public.event VALUES ('0123456789abcdef', 31, '2026-01-31T09:30:21.000Z', 'rule', 'rule.added', 'r2', 'p1', '{"added":"2026-01-31T09:30:00.000Z","author":"me","id":"r2","kind":"deny","project_id":"p1","reason":"needed","removed":"","removed_why":"","text":"a.example.com","until":"2026-02-01"}', '2481b0fadce95d0dd47bb638c459c987bf3c68243ff492344bd360d853ab3e07', '459c79bdb9a508147c152f17b804bcb0acc2a4c3383533c9039e6dac6fbe2d7e');
INSERT INTO public.event VALUES ('0123456789abcdef', 32, '2026-01-31T09:30:22.000Z', 'egress', 'egress.collected', 'c1', 'p1', '{"cursor":"b:1","rows":[{"address":"","attempts":1,"container_id":"c1","destination":"a.example.com","first_seen":"2026-01-31T09:30:00.000Z","id":"e1","last_seen":"2026-01-31T09:30:00.000Z","layer":"dns","policy":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","port":443,"protocol":"tcp","received":0,"sent":0,"session_id":"","uid":-1,"verdict":"deny"},{"address":"","attempts":1,"container_id":"c1","destination":"a.example.com","first_seen":"2026-01-31T09:30:00.000Z","id":"e2","last_seen":"2026-01-31T09:30:00.000Z","layer":"dns","policy":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","port":443,"protocol":"tcp","received":0,"sent":0,"session_id":"","uid":-1,"verdict":"deny"}],"since":""}', '459c79bdb9a508147c152f17b804bcb0acc2a4c3383533c9039e6dac6fbe2d7e', 'e230fbc6dc3d1468f7f52cb78dd84412bc0bef6514b7eb756cf476bfb9f32df8');
INSERT INTO public.event VALUES ('0123456789abcdef', 33, '2026-01-31T09:30:23.000Z', 'egress', 'egress.collected', 'c1', 'p1', '{"cursor":"b:2","rows":[{"address":"","attempts":4,"container_id":"c1","destination":"a.example.com","first_seen":"2026-01-31T09:30:00.000Z","id":"e3","last_seen":"2026-01-31T09:30:00.000Z","layer":"dns","policy":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","port":443,"protocol":"tcp","received":0,"sent":0,"session_id":"","uid":-1,"verdict":"deny"}],"since":"b:1"}', 'e230fbc6dc3d1468f7f52cb78dd84412bc0bef6514b7eb756cf476bfb9f32df8', '34b155c343b36bab9745ec168af187484236e481fd29e0b4b46787241b554ae7');
INSERT INTO public.event VALUES ('0123456789abcdef', 34, '2026-01-31T09:30:24.000Z', 'rule', 'rule.removed', 'r1', 'p1', '{"kind":"allow","text":"a.example.com","why":"ta\u0000ken back"}', '34b155c343b36bab9745ec168af187484236e481fd29e0b4b46787241b554ae7', '7a8a9a434b649164083321862f240c6aa0510bd0c95773daa01e80f379b4e11b');
INSERT INTO public.event VALUES ('0123456789abcdef', 35, '2026-01-31T09:30:25.000Z', 'credential', 'credential.used', 'ffffffffffff', '', '{"expires":"2027-01-31T09:30:00.000Z","kind":"oauth","source":"keyring"}', '7a8a9a434b649164083321862f240c6aa0510bd0c95773daa01e80f379b4e11b', '444d08d16e53df6782cd84e8e0b745495a3f06d36942a4bdf4c6c9c466d58ca0');
INSERT INTO public.event VALUES ('0123456789abcdef', 36, '2026-01-31T09:30:26.000Z', 'credential', 'credential.stored', 'ffffffffffff', '', '{"expires":"","kind":"oauth","place":"file"}', '444d08d16e53df6782cd84e8e0b745495a3f06d36942a4bdf4c6c9c466d58ca0', 'b0987c9353b81658b6d0cea6e4b897c425c738be84f0fa934121549767e4dc76');
INSERT INTO public.event VALUES ('0123456789abcdef', 37, '2026-01-31T09:30:26.000Z', 'credential', 'credential.forgotten', 'ffffffffffff', '', '{"sessions":["s1"]}', 'b0987c9353b81658b6d0cea6e4b897c425c738be84f0fa934121549767e4dc76', 'c9bbd4b445a4737dd6c75ef47c48d0ceacdce016a9a27194a54886533614ed67');
INSERT INTO public.event VALUES ('0123456789abcdef', 38, '2026-01-31T09:30:27.000Z', 'config', 'config.trusted', '/b/%FF', '', '{"asked":["env A"],"path":"/b/\udcff","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}', 'c9bbd4b445a4737dd6c75ef47c48d0ceacdce016a9a27194a54886533614ed67', '4a1a9efaf606731f8262cf614720a8b37c42fc3f4a81bb926f2bae44072a6945');
INSERT INTO public.event VALUES ('0123456789abcdef', 39, '2026-01-31T09:30:28.000Z', 'config', 'config.revoked', '/b/%FF', '', '{"path":"/b/\udcff"}', '4a1a9efaf606731f8262cf614720a8b37c42fc3f4a81bb926f2bae44072a6945', '2c0bd404bbe8445b122e23625080280dff2de163dd2e1226180b04023b8e1504');
INSERT INTO public.event VALUES ('0123456789abcdef', 40, '2026-01-31T09:30:29.000Z', 'drift', 'drift.found', 'c1', 'p1', '{"aspect":"limit","expected":"1","found":"2","what":"cpus"}', '2c0bd404bbe8445b122e23625080280dff2de163dd2e1226180b04023b8e1504', 'cdbaee165a5d44b622ea3914d601512290971880fb9bf7caf22acf75f6294570');
INSERT INTO public.event VALUES ('0123456789abcdef', 41, '2026-01-31T09:30:29.000Z', 'drift', 'drift.mended', 'c1', 'p1', '{"aspect":"limit","expected":"1","how":"observed","what":"cpus"}', 'cdbaee165a5d44b622ea3914d601512290971880fb9bf7caf22acf75f6294570', 'b51cafe0c9865e12432b54c02617b832fcb0145d490667812121ea1a0d7569d2');
INSERT INTO public.event VALUES ('0123456789abcdef', 43, '2026-01-31T09:30:31.000Z', 'home', 'home.removed', 'contenant-b', 'p1', '{"path":"/b/\udcff"}', 'f5df5e84237217ca1dc2b705cd36b805a97a32cb3908a73584d0c557e9e5b1e8', '5863771c6586547d1ea0e361da2ab320ea3698cee69922a7f07ef3db45e19ee2');
INSERT INTO public.event VALUES ('0123456789abcdef', 44, '2026-01-31T09:30:32.000Z', 'database', 'database.restored', 'contenant-1.db', '', '{"hash":"0000000000000000000000000000000000000000000000000000000000000000","last":3,"path":"contenant-replaced.db"}', '5863771c6586547d1ea0e361da2ab320ea3698cee69922a7f07ef3db45e19ee2', 'd9d0eef84d24ef66bb97c3d8ff96d8e398c154a8a0a10722484fa05bfe20d011');
INSERT INTO public.event VALUES ('0123456789abcdef', 45, '2026-01-31T09:30:33.000Z', 'usage', 'usage.collected', 'contenant-p1', 'p1', '{"inode":7,"path":"a/b.jsonl","position":10,"rows":[["m1","r-m1","claude-opus-5-5","2026-01-31T09:30:00.000Z",10,3,1000,200,40,"conv-1","","",null]],"since":null,"was":null}', 'd9d0eef84d24ef66bb97c3d8ff96d8e398c154a8a0a10722484fa05bfe20d011', '6d358b74126b09fea34826f0f579c4b08be9ded886e84b25f1f57542c59b9f61');
INSERT INTO public.event VALUES ('0123456789abcdef', 46, '2026-01-31T09:30:34.000Z', 'usage', 'usage.collected', 'contenant-p1', 'p1', '{"inode":7,"path":"a/b.jsonl","position":20,"rows":[["m1","r-m1","claude-opus-5-5","2026-01-31T09:30:00.000Z",10,9,1000,200,40,"conv-1","","",null],["m2","r-m2","claude-opus-5-5","2026-01-31T09:30:00.000Z",10,3,1000,200,40,"conv-1","","",null]],"since":10,"was":7}', '6d358b74126b09fea34826f0f579c4b08be9ded886e84b25f1f57542c59b9f61', 'c32f3aa51e865488ce0c90176018262a1702aa923f84f151115e54c9290c5567');
INSERT INTO public.event VALUES ('0123456789abcdef', 47, '2026-01-31T09:30:35.000Z', 'project', 'project.added', 'p2', 'p2', '{"name":"contenant-p2","path":"/b"}', 'c32f3aa51e865488ce0c90176018262a1702aa923f84f151115e54c9290c5567', '1c5db7439471f813dd03b35b24b84049cc0a68d06e4d32a927ea0f7ac94d6514');
INSERT INTO public.event VALUES ('0123456789abcdef', 48, '2026-01-31T09:30:35.000Z', 'project', 'project.forgotten', 'p2', 'p2', '{"why":"asked"}', '1c5db7439471f813dd03b35b24b84049cc0a68d06e4d32a927ea0f7ac94d6514', '1fe7ab79a72594b3e847caa5adad8249f1fe11f9f6538a0d55fd0e717ac8510d');
INSERT INTO public.host VALUES ('0123456789abcdef', 'vm', '2026-01-31T09:30:01.000Z');
INSERT INTO public.image VALUES ('i1', '0123456789abcdef', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'base', 'debian:trixie', 'contenant:2.1.0-aaaaaaaaaaaa', 'sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', '2.1.0', 'local', 'sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', '{}', '2026-01-31T09:30:00.000Z', 12.5, 3000000000, '2026-01-31T09:30:15.000Z', 'stale');
INSERT INTO public.policy VALUES ('0123456789abcdef', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', '', 'allow x
', 'audit', 'why', 'me', '', '2026-01-31T09:30:03.000Z');
INSERT INTO public.project VALUES ('p1', '0123456789abcdef', '%:/work/%FF%20new', 'contenant-new-fb9a48fa', '2026-01-31T09:30:01.000Z', '2026-01-31T09:30:07.000Z', '', '1:2');
INSERT INTO public.project VALUES ('p2', '0123456789abcdef', '/b', 'contenant-p2', '2026-01-31T09:30:35.000Z', '2026-01-31T09:30:35.000Z', '2026-01-31T09:30:35.000Z', '');
INSERT INTO public.rule VALUES ('r2', '0123456789abcdef', 'p1', 'deny', 'a.example.com', 'needed', 'me', '2026-01-31T09:30:00.000Z', '2026-02-01', '', '');
INSERT INTO public.rule VALUES ('r1', '0123456789abcdef', 'p1', 'allow', 'a.example.com', 'needed', 'me', '2026-01-31T09:30:00.000Z', '', '2026-01-31T09:30:24.000Z', 'ta\x00ken back');
INSERT INTO public.session VALUES ('s2', '0123456789abcdef', 'p1', 'c1', 'command', 'contenant:2.1.0-aaaaaaaaaaaa', '', '', '["bash", "-c", "true ''a b''"]', true, false, 4711, '99', 'boot-1', '2026-01-31T09:30:00.000Z', '', NULL, '');
INSERT INTO public.session VALUES ('s1', '0123456789abcdef', 'p1', 'c1', 'command', 'contenant:2.1.0-aaaaaaaaaaaa', '', '', '["bash", "-c", "true ''a b''"]', true, false, 9, '99', 'boot-1', '2026-01-31T09:30:00.000Z', '2026-01-31T09:30:07.000Z', 0, 'exited');
INSERT INTO public.setting VALUES ('0123456789abcdef', 'podman', 'runtime', 'crun', '2026-01-31T09:30:16.000Z');
INSERT INTO public.transcript VALUES ('0123456789abcdef', 'contenant-p1', 'a/b.jsonl', 'p1', 7, 20, '2026-01-31T09:30:34.000Z');
INSERT INTO public.trust VALUES ('0123456789abcdef', '%:/b/%FF', '', '2026-01-31T09:30:28.000Z');
INSERT INTO public.usage VALUES ('0123456789abcdef', 'm1', 'r-m1', 'p1', '', 'claude-opus-5-5', '2026-01-31T09:30:00.000Z', 10, 9, 1000, 200, 40, NULL, 'conv-1', '');
INSERT INTO public.usage VALUES ('0123456789abcdef', 'm2', 'r-m2', 'p1', '', 'claude-opus-5-5', '2026-01-31T09:30:00.000Z', 10, 3, 1000, 200, 40, NULL, 'conv-1', '');
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.container
    ADD CONSTRAINT pk_container PRIMARY KEY (id);
ALTER TABLE ONLY public.credential
    ADD CONSTRAINT pk_credential PRIMARY KEY (host, fingerprint);
ALTER TABLE ONLY public.egress
    ADD CONSTRAINT pk_egress PRIMARY KEY (id);
ALTER TABLE ONLY public.engine
    ADD CONSTRAINT pk_engine PRIMARY KEY (host, kind, identity);
ALTER TABLE ONLY public.event
    ADD CONSTRAINT pk_event PRIMARY KEY (host, seq);
ALTER TABLE ONLY public.host
    ADD CONSTRAINT pk_host PRIMARY KEY (id);
ALTER TABLE ONLY public.image
    ADD CONSTRAINT pk_image PRIMARY KEY (id);
ALTER TABLE ONLY public.policy
    ADD CONSTRAINT pk_policy PRIMARY KEY (host, hash);
ALTER TABLE ONLY public.project
    ADD CONSTRAINT pk_project PRIMARY KEY (id);
ALTER TABLE ONLY public.rule
    ADD CONSTRAINT pk_rule PRIMARY KEY (id);
ALTER TABLE ONLY public.session
    ADD CONSTRAINT pk_session PRIMARY KEY (id);
ALTER TABLE ONLY public.setting
    ADD CONSTRAINT pk_setting PRIMARY KEY (host, engine, key);
ALTER TABLE ONLY public.transcript
    ADD CONSTRAINT pk_transcript PRIMARY KEY (host, home, path);
ALTER TABLE ONLY public.trust
    ADD CONSTRAINT pk_trust PRIMARY KEY (host, path);
ALTER TABLE ONLY public.usage
    ADD CONSTRAINT pk_usage PRIMARY KEY (host, message_id, request_id);
ALTER TABLE ONLY public.egress
    ADD CONSTRAINT uq_egress_attempt UNIQUE (container_id, session_id, policy, layer, verdict, destination, address, port, uid);
CREATE INDEX ix_container_project_id ON public.container USING btree (project_id);
CREATE INDEX ix_egress_destination ON public.egress USING btree (host, destination, last_seen);
CREATE INDEX ix_egress_last_seen ON public.egress USING btree (host, last_seen, id);
CREATE INDEX ix_event_at ON public.event USING btree (host, at, seq);
CREATE INDEX ix_event_policy ON public.event USING btree (host, subject, seq) WHERE ((kind)::text = 'container.policy'::text);
CREATE INDEX ix_event_project_id ON public.event USING btree (host, project_id, at, seq);
CREATE INDEX ix_event_timeline ON public.event USING btree (host, at, seq) WHERE (((topic)::text <> ALL ((ARRAY['session'::character varying, 'egress'::character varying])::text[])) OR ((kind)::text = ANY ((ARRAY['session.left'::character varying, 'session.ssh'::character varying])::text[])));
CREATE INDEX ix_event_topic ON public.event USING btree (host, topic, at, seq);
CREATE INDEX ix_image_reference ON public.image USING btree (host, reference);
CREATE INDEX ix_rule_project_id ON public.rule USING btree (project_id) WHERE ((removed)::text = ''::text);
CREATE INDEX ix_session_container_id ON public.session USING btree (container_id);
CREATE INDEX ix_session_credential ON public.session USING btree (host, credential, started, id);
CREATE INDEX ix_session_failed ON public.session USING btree (host, exit_code, started, id) WHERE (exit_code <> 0);
CREATE INDEX ix_session_image ON public.session USING btree (host, image, started, id);
CREATE INDEX ix_session_live ON public.session USING btree (host, container_id) WHERE ((ended)::text = ''::text);
CREATE INDEX ix_session_policy ON public.session USING btree (host, policy, started, id);
CREATE INDEX ix_session_project_id ON public.session USING btree (host, project_id, started, id);
CREATE INDEX ix_session_started ON public.session USING btree (host, started, id);
CREATE INDEX ix_usage_at ON public.usage USING btree (host, at);
CREATE INDEX ix_usage_project_id_at ON public.usage USING btree (project_id, at);
CREATE UNIQUE INDEX uq_container_name ON public.container USING btree (host, engine, engine_identity, name) WHERE ((gone)::text = ''::text);
CREATE UNIQUE INDEX uq_project_path ON public.project USING btree (host, path) WHERE ((forgotten)::text = ''::text);
CREATE TRIGGER event_next BEFORE INSERT ON public.event FOR EACH ROW EXECUTE FUNCTION public.event_follow();
CREATE TRIGGER event_no_change BEFORE DELETE OR UPDATE ON public.event FOR EACH ROW EXECUTE FUNCTION public.event_refuse();
CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON public.event FOR EACH STATEMENT EXECUTE FUNCTION public.event_refuse();
ALTER TABLE ONLY public.container
    ADD CONSTRAINT fk_container_host FOREIGN KEY (host) REFERENCES public.host(id);
ALTER TABLE ONLY public.container
    ADD CONSTRAINT fk_container_host_engine_engine_identity FOREIGN KEY (host, engine, engine_identity) REFERENCES public.engine(host, kind, identity);
ALTER TABLE ONLY public.container
    ADD CONSTRAINT fk_container_project_id FOREIGN KEY (project_id) REFERENCES public.project(id);
ALTER TABLE ONLY public.credential
    ADD CONSTRAINT fk_credential_host FOREIGN KEY (host) REFERENCES public.host(id);
ALTER TABLE ONLY public.egress
    ADD CONSTRAINT fk_egress_container_id FOREIGN KEY (container_id) REFERENCES public.container(id);
ALTER TABLE ONLY public.egress
    ADD CONSTRAINT fk_egress_host FOREIGN KEY (host) REFERENCES public.host(id);
ALTER TABLE ONLY public.engine
    ADD CONSTRAINT fk_engine_host FOREIGN KEY (host) REFERENCES public.host(id);
ALTER TABLE ONLY public.image
    ADD CONSTRAINT fk_image_host FOREIGN KEY (host) REFERENCES public.host(id);
ALTER TABLE ONLY public.policy
    ADD CONSTRAINT fk_policy_host FOREIGN KEY (host) REFERENCES public.host(id);
ALTER TABLE ONLY public.project
    ADD CONSTRAINT fk_project_host FOREIGN KEY (host) REFERENCES public.host(id);
ALTER TABLE ONLY public.rule
    ADD CONSTRAINT fk_rule_host FOREIGN KEY (host) REFERENCES public.host(id);
ALTER TABLE ONLY public.rule
    ADD CONSTRAINT fk_rule_project_id FOREIGN KEY (project_id) REFERENCES public.project(id);
ALTER TABLE ONLY public.session
    ADD CONSTRAINT fk_session_container_id FOREIGN KEY (container_id) REFERENCES public.container(id);
ALTER TABLE ONLY public.session
    ADD CONSTRAINT fk_session_host FOREIGN KEY (host) REFERENCES public.host(id);
ALTER TABLE ONLY public.session
    ADD CONSTRAINT fk_session_project_id FOREIGN KEY (project_id) REFERENCES public.project(id);
ALTER TABLE ONLY public.setting
    ADD CONSTRAINT fk_setting_host FOREIGN KEY (host) REFERENCES public.host(id);
ALTER TABLE ONLY public.transcript
    ADD CONSTRAINT fk_transcript_host FOREIGN KEY (host) REFERENCES public.host(id);
ALTER TABLE ONLY public.transcript
    ADD CONSTRAINT fk_transcript_project_id FOREIGN KEY (project_id) REFERENCES public.project(id);
ALTER TABLE ONLY public.trust
    ADD CONSTRAINT fk_trust_host FOREIGN KEY (host) REFERENCES public.host(id);
ALTER TABLE ONLY public.usage
    ADD CONSTRAINT fk_usage_host FOREIGN KEY (host) REFERENCES public.host(id);
ALTER TABLE ONLY public.usage
    ADD CONSTRAINT fk_usage_project_id FOREIGN KEY (project_id) REFERENCES public.project(id);
