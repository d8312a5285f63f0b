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
CREATE TABLE public.credential (
    host character varying NOT NULL,
    fingerprint character varying NOT NULL,
    source character varying NOT NULL,
    kind character varying NOT NULL,
    expires character varying DEFAULT ''::character varying NOT NULL,
    first_seen character varying NOT NULL,
    forgotten character varying DEFAULT ''::character varying NOT NULL
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
CREATE TABLE public.engine (
    host character varying NOT NULL,
    kind character varying NOT NULL,
    identity character varying NOT NULL,
    version character varying DEFAULT ''::character varying NOT NULL,
    first_seen character varying NOT NULL
);
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
CREATE TABLE public.host (
    id character varying NOT NULL,
    name character varying NOT NULL,
    created character varying NOT NULL
);
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
CREATE TABLE public.project (
    id character varying NOT NULL,
    host character varying NOT NULL,
    path character varying NOT NULL,
    name character varying NOT NULL,
    created character varying NOT NULL,
    last_used character varying NOT NULL,
    forgotten character varying DEFAULT ''::character varying NOT NULL
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
CREATE TABLE public.setting (
    host character varying NOT NULL,
    engine character varying NOT NULL,
    key character varying NOT NULL,
    value character varying NOT NULL,
    changed character varying NOT NULL
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
    cost double precision
);
INSERT INTO public.alembic_version VALUES ('0001');
INSERT INTO public.container VALUES ('c2', '0123456789abcdef', 'p1', 'docker', 'store-1', '', 'second', '', 'contenant:2.1.0-aaaaaaaaaaaa', '', '5555555555555555555555555555555555555555555555555555555555555555', 'created', '2026-01-31T09:30:00.000Z', '2026-01-31T09:30:00.000Z', '2026-01-31T09:30:00.000Z', '', '', '{}', '{}', '');
INSERT INTO public.container VALUES ('c1', '0123456789abcdef', 'p1', 'podman', 'store-1', '5', 'contenant-p1', '', 'contenant:2.1.0-aaaaaaaaaaaa', '', '5555555555555555555555555555555555555555555555555555555555555555', 'running', '2026-01-31T09:30:00.000Z', '2026-01-31T09:30:00.000Z', '2026-01-31T09:30:00.000Z', '', '', '{}', '{}', 'b:2');
INSERT INTO public.credential VALUES ('0123456789abcdef', 'ffffffffffff', 'keyring', 'oauth', '2027-01-31T09:30:00.000Z', '2026-01-31T09:30:21.000Z', '2026-01-31T09:30:22.000Z');
INSERT INTO public.egress VALUES ('e1', '0123456789abcdef', 'c1', '', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', 'dns', 'deny', 'a.example.com', '', 443, 'tcp', -1, '2026-01-31T09:30:00.000Z', '2026-01-31T09:30:00.000Z', 6, 0, 0);
INSERT INTO public.engine VALUES ('0123456789abcdef', 'podman', 'store-1', '5', '2026-01-31T09:30:01.000Z');
INSERT INTO public.engine VALUES ('0123456789abcdef', 'docker', 'store-1', '', '2026-01-31T09:30:12.000Z');
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
INSERT INTO public.event VALUES ('0123456789abcdef', 14, '2026-01-31T09:30:09.000Z', 'container', 'container.renamed', 'c1', 'p1', '{"from":"contenant-p1","to":"other"}', '26072fc1ad5fe000e0596c1720df49d91623d3eb84207cd8086bc36b5acc7db0', '3da7b8ba94a238df75bd570d9069bf8cc97c441e2695ce8ab6f54b6f5b8f57da');
INSERT INTO public.event VALUES ('0123456789abcdef', 15, '2026-01-31T09:30:09.000Z', 'container', 'container.removing', 'c1', 'p1', '{"why":"cl\u0000ean"}', '3da7b8ba94a238df75bd570d9069bf8cc97c441e2695ce8ab6f54b6f5b8f57da', '10f53c6151ef7dfdc0415aad37b45d591eee8ec99d4f712acce3ed00e2aa7ba4');
INSERT INTO public.event VALUES ('0123456789abcdef', 16, '2026-01-31T09:30:10.000Z', 'container', 'container.gone', 'c1', 'p1', '{"why":"clean"}', '10f53c6151ef7dfdc0415aad37b45d591eee8ec99d4f712acce3ed00e2aa7ba4', 'd0438a95f8c3a675764f33648467bcebea3433406ed83d642868d3e6f99349a1');
INSERT INTO public.event VALUES ('0123456789abcdef', 17, '2026-01-31T09:30:11.000Z', 'container', 'container.adopted', 'c1', 'p1', '{"created":"2026-01-31T09:30:00.000Z","engine":"podman","engine_id":"","engine_identity":"store-1","engine_version":"5","flags":"{}","gone":"","gone_why":"","id":"c1","image":"contenant:2.1.0-aaaaaaaaaaaa","last_seen":"2026-01-31T09:30:00.000Z","last_used":"2026-01-31T09:30:00.000Z","name":"contenant-p1","policy":"","project_id":"p1","spec":"{}","spec_hash":"5555555555555555555555555555555555555555555555555555555555555555","state":"running"}', 'd0438a95f8c3a675764f33648467bcebea3433406ed83d642868d3e6f99349a1', 'd0fec2e180c6f4865fe5ae17f724e86fdc0f1eeec0508f049c001dbb0cc1c830');
INSERT INTO public.event VALUES ('0123456789abcdef', 18, '2026-01-31T09:30:12.000Z', 'container', 'container.adopted', 'c2', 'p1', '{"created":"2026-01-31T09:30:00.000Z","engine":"docker","engine_id":"","engine_identity":"store-1","engine_version":"","flags":"{}","gone":"","gone_why":"","id":"c2","image":"contenant:2.1.0-aaaaaaaaaaaa","last_seen":"2026-01-31T09:30:00.000Z","last_used":"2026-01-31T09:30:00.000Z","name":"second","policy":"","project_id":"p1","spec":"{}","spec_hash":"5555555555555555555555555555555555555555555555555555555555555555","state":"created"}', 'd0fec2e180c6f4865fe5ae17f724e86fdc0f1eeec0508f049c001dbb0cc1c830', 'd9e7e93c796d2f8b9da5c260b02c3338f4dd4e11351801897473587f7e184974');
INSERT INTO public.event VALUES ('0123456789abcdef', 19, '2026-01-31T09:30:13.000Z', 'image', 'image.building', 'x:1', '', '{"recipe":"r"}', 'd9e7e93c796d2f8b9da5c260b02c3338f4dd4e11351801897473587f7e184974', '57b6ce590641d0a001c4e1e63ad654fb1fa93e9d4ba9790341ee637b1a22bda8');
INSERT INTO public.event VALUES ('0123456789abcdef', 20, '2026-01-31T09:30:13.000Z', 'image', 'image.built', 'i1', '', '{"base_digest":"sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","base_origin":"local","build_args":"{}","built":"2026-01-31T09:30:00.000Z","claude_version":"2.1.0","digest":"sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","id":"i1","layer":"base","parent":"debian:trixie","recipe":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","reference":"contenant:2.1.0-aaaaaaaaaaaa","seconds":12.5,"size":3000000000}', '57b6ce590641d0a001c4e1e63ad654fb1fa93e9d4ba9790341ee637b1a22bda8', '673992933e5978e3d84f9eacae95534f03699d6df64d3c86fa90ee4be7695e06');
INSERT INTO public.event VALUES ('0123456789abcdef', 21, '2026-01-31T09:30:13.000Z', 'image', 'image.failed', 'x:2', '', '{"log":"/l","recipe":"r"}', '673992933e5978e3d84f9eacae95534f03699d6df64d3c86fa90ee4be7695e06', 'bcbf9da0afb8dec71f38494a48730b165f3e4f1a31cd87facdf6392edfd8228e');
INSERT INTO public.event VALUES ('0123456789abcdef', 22, '2026-01-31T09:30:14.000Z', 'image', 'image.removed', 'contenant:2.1.0-aaaaaaaaaaaa', '', '{"why":"stale"}', 'bcbf9da0afb8dec71f38494a48730b165f3e4f1a31cd87facdf6392edfd8228e', 'c60d8a181543cf272e5d620d0e0d3eb77301ac8d6c8402af0d0f3b0cae51980d');
INSERT INTO public.event VALUES ('0123456789abcdef', 23, '2026-01-31T09:30:15.000Z', 'engine', 'engine.remembered', 'podman', '', '{"key":"runtime","value":"runc"}', 'c60d8a181543cf272e5d620d0e0d3eb77301ac8d6c8402af0d0f3b0cae51980d', '88b52d56898d74b60f681170e002001526c448f2c3440ab932f89856d0b86a27');
INSERT INTO public.event VALUES ('0123456789abcdef', 24, '2026-01-31T09:30:15.000Z', 'engine', 'engine.remembered', 'podman', '', '{"key":"runtime","value":"crun"}', '88b52d56898d74b60f681170e002001526c448f2c3440ab932f89856d0b86a27', '6fc91e0c5322d1481b60e49dccd1c720794cfaf7d8f852f1b6d55b842eb1b4c7');
INSERT INTO public.event VALUES ('0123456789abcdef', 25, '2026-01-31T09:30:16.000Z', 'project', 'project.moved', 'p1', 'p1', '{"from":"/work/one","to":"/work/\udcff new"}', '6fc91e0c5322d1481b60e49dccd1c720794cfaf7d8f852f1b6d55b842eb1b4c7', '68764ca18d3fd055793a25cfb2f1cbc964137a21b9cc60e4291ff2646c2ad436');
INSERT INTO public.event VALUES ('0123456789abcdef', 26, '2026-01-31T09:30:17.000Z', 'rule', 'rule.added', 'r1', 'p1', '{"added":"2026-01-31T09:30:00.000Z","author":"me","id":"r1","kind":"allow","project_id":"p1","reason":"needed","removed":"","removed_why":"","text":"a.example.com","until":""}', '68764ca18d3fd055793a25cfb2f1cbc964137a21b9cc60e4291ff2646c2ad436', 'fe84f4e57b41872fd97dee14f4114bc0dbec194cb252d5bdc1f93757edbbef2c');
INSERT INTO public.event VALUES ('0123456789abcdef', 27, '2026-01-31T09:30:17.000Z', 'rule', 'rule.added', 'r2', 'p1', '{"added":"2026-01-31T09:30:00.000Z","author":"me","id":"r2","kind":"deny","project_id":"p1","reason":"needed","removed":"","removed_why":"","text":"a.example.com","until":"2026-02-01"}', 'fe84f4e57b41872fd97dee14f4114bc0dbec194cb252d5bdc1f93757edbbef2c', 'f861f84ec167ed9f3456dc6b41a241e19e3f148bcd16240546302dbe41376f3e');
INSERT INTO public.event VALUES ('0123456789abcdef', 28, '2026-01-31T09:30:18.000Z', 'egress', 'egress.collected', 'c1', 'p1', '{"cursor":"b:1","rows":[{"address":"","attempts":1,"container_id":"c1","destination":"a.example.com","first_seen":"2026-01-31T09:30:00.000Z","id":"e1","last_seen":"2026-01-31T09:30:00.000Z","layer":"dns","policy":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","port":443,"protocol":"tcp","received":0,"sent":0,"session_id":"","uid":-1,"verdict":"deny"},{"address":"","attempts":1,"container_id":"c1","destination":"a.example.com","first_seen":"2026-01-31T09:30:00.000Z","id":"e2","last_seen":"2026-01-31T09:30:00.000Z","layer":"dns","policy":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","port":443,"protocol":"tcp","received":0,"sent":0,"session_id":"","uid":-1,"verdict":"deny"}],"since":""}', 'f861f84ec167ed9f3456dc6b41a241e19e3f148bcd16240546302dbe41376f3e', '6da0b7178f5756ce9ac7695d51b976be32e42fa5ae32174fb8e5fc2c84c00ce3');
INSERT INTO public.event VALUES ('0123456789abcdef', 29, '2026-01-31T09:30:19.000Z', 'egress', 'egress.collected', 'c1', 'p1', '{"cursor":"b:2","rows":[{"address":"","attempts":4,"container_id":"c1","destination":"a.example.com","first_seen":"2026-01-31T09:30:00.000Z","id":"e3","last_seen":"2026-01-31T09:30:00.000Z","layer":"dns","policy":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","port":443,"protocol":"tcp","received":0,"sent":0,"session_id":"","uid":-1,"verdict":"deny"}],"since":"b:1"}', '6da0b7178f5756ce9ac7695d51b976be32e42fa5ae32174fb8e5fc2c84c00ce3', 'af283b2f222f6414690dacdfc15c477bbff1d8493a3f07fe2db7cf9980c384de');
INSERT INTO public.event VALUES ('0123456789abcdef', 30, '2026-01-31T09:30:20.000Z', 'rule', 'rule.removed', 'r1', 'p1', '{"kind":"allow","text":"a.example.com","why":"ta\u0000ken back"}', 'af283b2f222f6414690dacdfc15c477bbff1d8493a3f07fe2db7cf9980c384de', '4fb1db3af446ee8fbcd7a333a6031d78124636134e5000f1b9539208cfe2ddc8');
INSERT INTO public.event VALUES ('0123456789abcdef', 31, '2026-01-31T09:30:21.000Z', 'credential', 'credential.used', 'ffffffffffff', '', '{"expires":"2027-01-31T09:30:00.000Z","kind":"oauth","source":"keyring"}', '4fb1db3af446ee8fbcd7a333a6031d78124636134e5000f1b9539208cfe2ddc8', '8fa67db318686dadef1fb1b1e174c95d1c9bba913173a37e8624b54d8b3d77e2');
INSERT INTO public.event VALUES ('0123456789abcdef', 32, '2026-01-31T09:30:22.000Z', 'credential', 'credential.stored', 'ffffffffffff', '', '{"expires":"","kind":"oauth","place":"file"}', '8fa67db318686dadef1fb1b1e174c95d1c9bba913173a37e8624b54d8b3d77e2', '7238111efdf3a4e1ba2ae130f5dde4b02a0a9f5fd03fa839b66e60dd7d48a1e4');
INSERT INTO public.event VALUES ('0123456789abcdef', 33, '2026-01-31T09:30:22.000Z', 'credential', 'credential.forgotten', 'ffffffffffff', '', '{"sessions":["s1"]}', '7238111efdf3a4e1ba2ae130f5dde4b02a0a9f5fd03fa839b66e60dd7d48a1e4', '5bd1fe0e39808223c5d561c25134403ca851e719423245260808ba9f23bb7217');
INSERT INTO public.event VALUES ('0123456789abcdef', 34, '2026-01-31T09:30:23.000Z', 'config', 'config.trusted', '/b/%FF', '', '{"asked":["env A"],"path":"/b/\udcff","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}', '5bd1fe0e39808223c5d561c25134403ca851e719423245260808ba9f23bb7217', 'abd095a6a05538f3d345e0b9803305838cd5222db2c44cd2511d3c4a7498b3b7');
INSERT INTO public.event VALUES ('0123456789abcdef', 35, '2026-01-31T09:30:24.000Z', 'config', 'config.revoked', '/b/%FF', '', '{"path":"/b/\udcff"}', 'abd095a6a05538f3d345e0b9803305838cd5222db2c44cd2511d3c4a7498b3b7', 'e72709dee3773d6eb53e80c338b68ce9706b4c570fc4d5c01e025df072e254fd');
INSERT INTO public.event VALUES ('0123456789abcdef', 36, '2026-01-31T09:30:25.000Z', 'home', 'home.removed', 'contenant-b', 'p1', '{"path":"/b/\udcff"}', 'e72709dee3773d6eb53e80c338b68ce9706b4c570fc4d5c01e025df072e254fd', 'de9f00b2a78749b42cd7ba6b07561811613f69432a4b3eecd1c625c68d4138e0');
INSERT INTO public.event VALUES ('0123456789abcdef', 37, '2026-01-31T09:30:26.000Z', 'project', 'project.added', 'p2', 'p2', '{"name":"contenant-p2","path":"/b"}', 'de9f00b2a78749b42cd7ba6b07561811613f69432a4b3eecd1c625c68d4138e0', '4ce6533578d2ca453bc63a3286353ca36418ec35e5f960a65bd8dc3b73a565e5');
INSERT INTO public.event VALUES ('0123456789abcdef', 38, '2026-01-31T09:30:26.000Z', 'project', 'project.forgotten', 'p2', 'p2', '{"why":"asked"}', '4ce6533578d2ca453bc63a3286353ca36418ec35e5f960a65bd8dc3b73a565e5', '3cf3328f6fa568d66839674599919d87def5bdeed544e41746a021311eee4bbd');
INSERT INTO public.host VALUES ('0123456789abcdef', 'vm', '2026-01-31T09:30:01.000Z');
INSERT INTO public.image VALUES ('i1', '0123456789abcdef', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'base', 'debian:trixie', 'contenant:2.1.0-aaaaaaaaaaaa', 'sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', '2.1.0', 'local', 'sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', '{}', '2026-01-31T09:30:00.000Z', 12.5, 3000000000, '2026-01-31T09:30:14.000Z', 'stale');
INSERT INTO public.policy VALUES ('0123456789abcdef', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', '', 'allow x
', 'audit', 'why', 'me', '', '2026-01-31T09:30:03.000Z');
INSERT INTO public.project VALUES ('p1', '0123456789abcdef', '%:/work/%FF%20new', 'contenant-new-fb9a48fa', '2026-01-31T09:30:01.000Z', '2026-01-31T09:30:07.000Z', '');
INSERT INTO public.project VALUES ('p2', '0123456789abcdef', '/b', 'contenant-p2', '2026-01-31T09:30:26.000Z', '2026-01-31T09:30:26.000Z', '2026-01-31T09:30:26.000Z');
INSERT INTO public.rule VALUES ('r2', '0123456789abcdef', 'p1', 'deny', 'a.example.com', 'needed', 'me', '2026-01-31T09:30:00.000Z', '2026-02-01', '', '');
INSERT INTO public.rule VALUES ('r1', '0123456789abcdef', 'p1', 'allow', 'a.example.com', 'needed', 'me', '2026-01-31T09:30:00.000Z', '', '2026-01-31T09:30:20.000Z', 'ta\x00ken back');
INSERT INTO public.session VALUES ('s2', '0123456789abcdef', 'p1', 'c1', 'command', 'contenant:2.1.0-aaaaaaaaaaaa', '', '', '["bash", "-c", "true ''a b''"]', true, false, 4711, '99', 'boot-1', '2026-01-31T09:30:00.000Z', '', NULL, '');
INSERT INTO public.session VALUES ('s1', '0123456789abcdef', 'p1', 'c1', 'command', 'contenant:2.1.0-aaaaaaaaaaaa', '', '', '["bash", "-c", "true ''a b''"]', true, false, 9, '99', 'boot-1', '2026-01-31T09:30:00.000Z', '2026-01-31T09:30:07.000Z', 0, 'exited');
INSERT INTO public.setting VALUES ('0123456789abcdef', 'podman', 'runtime', 'crun', '2026-01-31T09:30:15.000Z');
INSERT INTO public.trust VALUES ('0123456789abcdef', '%:/b/%FF', '', '2026-01-31T09:30:24.000Z');
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
ALTER TABLE ONLY public.trust
    ADD CONSTRAINT pk_trust PRIMARY KEY (host, path);
ALTER TABLE ONLY public.usage
    ADD CONSTRAINT pk_usage PRIMARY KEY (host, message_id, request_id);
ALTER TABLE ONLY public.egress
    ADD CONSTRAINT uq_egress_attempt UNIQUE (container_id, session_id, policy, layer, verdict, destination, address, port, uid);
CREATE INDEX ix_container_project_id ON public.container USING btree (project_id);
CREATE INDEX ix_egress_destination ON public.egress USING btree (host, destination, last_seen);
CREATE INDEX ix_event_at ON public.event USING btree (host, at, seq);
CREATE INDEX ix_event_project_id ON public.event USING btree (host, project_id, at, seq);
CREATE INDEX ix_event_topic ON public.event USING btree (host, topic, at, seq);
CREATE INDEX ix_image_reference ON public.image USING btree (host, reference);
CREATE INDEX ix_rule_project_id ON public.rule USING btree (project_id) WHERE ((removed)::text = ''::text);
CREATE INDEX ix_session_container_id ON public.session USING btree (container_id);
CREATE INDEX ix_session_live ON public.session USING btree (host, container_id) WHERE ((ended)::text = ''::text);
CREATE INDEX ix_session_project_id ON public.session USING btree (host, project_id, started, id);
CREATE INDEX ix_session_started ON public.session USING btree (host, started, id);
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
ALTER TABLE ONLY public.trust
    ADD CONSTRAINT fk_trust_host FOREIGN KEY (host) REFERENCES public.host(id);
ALTER TABLE ONLY public.usage
    ADD CONSTRAINT fk_usage_host FOREIGN KEY (host) REFERENCES public.host(id);
ALTER TABLE ONLY public.usage
    ADD CONSTRAINT fk_usage_project_id FOREIGN KEY (project_id) REFERENCES public.project(id);
