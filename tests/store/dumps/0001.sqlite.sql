BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE container (
	id VARCHAR NOT NULL, 
	host VARCHAR NOT NULL, 
	project_id VARCHAR NOT NULL, 
	engine VARCHAR NOT NULL, 
	engine_identity VARCHAR NOT NULL, 
	engine_version VARCHAR DEFAULT '' NOT NULL, 
	name VARCHAR NOT NULL, 
	engine_id VARCHAR DEFAULT '' NOT NULL, 
	image VARCHAR NOT NULL, 
	policy VARCHAR DEFAULT '' NOT NULL, 
	spec_hash VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	created VARCHAR NOT NULL, 
	last_seen VARCHAR NOT NULL, 
	last_used VARCHAR NOT NULL, 
	gone VARCHAR DEFAULT '' NOT NULL, 
	gone_why VARCHAR DEFAULT '' NOT NULL, 
	spec VARCHAR DEFAULT '{}' NOT NULL, 
	flags VARCHAR DEFAULT '{}' NOT NULL, 
	collected VARCHAR DEFAULT '' NOT NULL, 
	CONSTRAINT pk_container PRIMARY KEY (id), 
	CONSTRAINT fk_container_host FOREIGN KEY(host) REFERENCES host (id), 
	CONSTRAINT fk_container_project_id FOREIGN KEY(project_id) REFERENCES project (id), 
	CONSTRAINT fk_container_host_engine_engine_identity FOREIGN KEY(host, engine, engine_identity) REFERENCES engine (host, kind, identity)
);
INSERT INTO "container" VALUES('c1','0123456789abcdef','p1','podman','store-1','5','contenant-p1','','contenant:2.1.0-aaaaaaaaaaaa','','5555555555555555555555555555555555555555555555555555555555555555','running','2026-01-31T09:30:00.000Z','2026-01-31T09:30:00.000Z','2026-01-31T09:30:00.000Z','','','{}','{}','b:2');
INSERT INTO "container" VALUES('c2','0123456789abcdef','p1','docker','store-1','','second','','contenant:2.1.0-aaaaaaaaaaaa','','5555555555555555555555555555555555555555555555555555555555555555','created','2026-01-31T09:30:00.000Z','2026-01-31T09:30:00.000Z','2026-01-31T09:30:00.000Z','','','{}','{}','');
CREATE TABLE credential (
	host VARCHAR NOT NULL, 
	fingerprint VARCHAR NOT NULL, 
	source VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	expires VARCHAR DEFAULT '' NOT NULL, 
	first_seen VARCHAR NOT NULL, 
	forgotten VARCHAR DEFAULT '' NOT NULL, 
	CONSTRAINT pk_credential PRIMARY KEY (host, fingerprint), 
	CONSTRAINT fk_credential_host FOREIGN KEY(host) REFERENCES host (id)
);
INSERT INTO "credential" VALUES('0123456789abcdef','ffffffffffff','keyring','oauth','2027-01-31T09:30:00.000Z','2026-01-31T09:30:21.000Z','2026-01-31T09:30:22.000Z');
CREATE TABLE egress (
	id VARCHAR NOT NULL, 
	host VARCHAR NOT NULL, 
	container_id VARCHAR NOT NULL, 
	session_id VARCHAR DEFAULT '' NOT NULL, 
	policy VARCHAR DEFAULT '' NOT NULL, 
	layer VARCHAR NOT NULL, 
	verdict VARCHAR NOT NULL, 
	destination VARCHAR NOT NULL, 
	address VARCHAR DEFAULT '' NOT NULL, 
	port BIGINT NOT NULL, 
	protocol VARCHAR DEFAULT '' NOT NULL, 
	uid BIGINT NOT NULL, 
	first_seen VARCHAR NOT NULL, 
	last_seen VARCHAR NOT NULL, 
	attempts BIGINT NOT NULL, 
	sent BIGINT DEFAULT '0' NOT NULL, 
	received BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_egress PRIMARY KEY (id), 
	CONSTRAINT fk_egress_host FOREIGN KEY(host) REFERENCES host (id), 
	CONSTRAINT fk_egress_container_id FOREIGN KEY(container_id) REFERENCES container (id), 
	CONSTRAINT uq_egress_attempt UNIQUE (container_id, session_id, policy, layer, verdict, destination, address, port, uid)
);
INSERT INTO "egress" VALUES('e1','0123456789abcdef','c1','','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee','dns','deny','a.example.com','',443,'tcp',-1,'2026-01-31T09:30:00.000Z','2026-01-31T09:30:00.000Z',6,0,0);
CREATE TABLE engine (
	host VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	identity VARCHAR NOT NULL, 
	version VARCHAR DEFAULT '' NOT NULL, 
	first_seen VARCHAR NOT NULL, 
	CONSTRAINT pk_engine PRIMARY KEY (host, kind, identity), 
	CONSTRAINT fk_engine_host FOREIGN KEY(host) REFERENCES host (id)
);
INSERT INTO "engine" VALUES('0123456789abcdef','podman','store-1','5','2026-01-31T09:30:01.000Z');
INSERT INTO "engine" VALUES('0123456789abcdef','docker','store-1','','2026-01-31T09:30:12.000Z');
CREATE TABLE event (
	host VARCHAR NOT NULL, 
	seq BIGINT NOT NULL, 
	at VARCHAR NOT NULL, 
	topic VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	project_id VARCHAR DEFAULT '' NOT NULL, 
	data VARCHAR NOT NULL, 
	previous VARCHAR NOT NULL, 
	hash VARCHAR NOT NULL, 
	CONSTRAINT pk_event PRIMARY KEY (host, seq), 
	CONSTRAINT ck_event_topic CHECK (substr(kind, 1, length(topic) + 1) = topic || '.')
);
INSERT INTO "event" VALUES('0123456789abcdef',1,'2026-01-31T09:30:01.000Z','project','project.added','p1','p1','{"name":"contenant-p1","path":"/work/one"}','0000000000000000000000000000000000000000000000000000000000000000','c656c5ced6b27466a6295480590de6dee0495262262205bdb77c90c07d572711');
INSERT INTO "event" VALUES('0123456789abcdef',2,'2026-01-31T09:30:01.000Z','container','container.creating','c1','p1','{"created":"2026-01-31T09:30:00.000Z","engine":"podman","engine_id":"","engine_identity":"store-1","engine_version":"","flags":"{}","gone":"","gone_why":"","id":"c1","image":"contenant:2.1.0-aaaaaaaaaaaa","last_seen":"2026-01-31T09:30:00.000Z","last_used":"2026-01-31T09:30:00.000Z","name":"contenant-p1","policy":"","project_id":"p1","spec":"{}","spec_hash":"5555555555555555555555555555555555555555555555555555555555555555","state":"created"}','c656c5ced6b27466a6295480590de6dee0495262262205bdb77c90c07d572711','66e937c862b48bede077e90b7e004a2a86a5ee40d452fb0ea45b02c0ed705c40');
INSERT INTO "event" VALUES('0123456789abcdef',3,'2026-01-31T09:30:01.000Z','container','container.created','c1','p1','{"engine_id":"engine-c1"}','66e937c862b48bede077e90b7e004a2a86a5ee40d452fb0ea45b02c0ed705c40','1af948cbbea3d6c2f9dbf2743fa4fe38a97d7c67b892cfad1ce41af98091f12b');
INSERT INTO "event" VALUES('0123456789abcdef',4,'2026-01-31T09:30:02.000Z','container','container.state','c1','p1','{"from":"created","to":"running","why":"started"}','1af948cbbea3d6c2f9dbf2743fa4fe38a97d7c67b892cfad1ce41af98091f12b','69a663c98b55e51846e877eb431ca52c843f0c931b97f4c46bda416b1cc8b0b3');
INSERT INTO "event" VALUES('0123456789abcdef',5,'2026-01-31T09:30:03.000Z','policy','policy.stored','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee','','{"author":"me","expires":"","mode":"audit","parent":"","reason":"why","rules":"allow x\n"}','69a663c98b55e51846e877eb431ca52c843f0c931b97f4c46bda416b1cc8b0b3','02780dad53b7be8786f462edc2feaddbd417113186d09d190ba3873add2a292d');
INSERT INTO "event" VALUES('0123456789abcdef',6,'2026-01-31T09:30:04.000Z','container','container.policy','c1','p1','{"from":"","how":"live","to":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"}','02780dad53b7be8786f462edc2feaddbd417113186d09d190ba3873add2a292d','5a59621c267ce149d22945f2d30c637880d3ca95124acbbcc107d6dbb2c37efe');
INSERT INTO "event" VALUES('0123456789abcdef',7,'2026-01-31T09:30:05.000Z','session','session.starting','s1','p1','{"argv":["bash","-c","true ''a b''"],"boot_id":"boot-1","container_id":"c1","credential":"","detachable":false,"ended":"","exit_code":null,"how":"","id":"s1","image":"contenant:2.1.0-aaaaaaaaaaaa","kind":"command","pid":4711,"pid_start":"99","policy":"","started":"2026-01-31T09:30:00.000Z","tty":true}','5a59621c267ce149d22945f2d30c637880d3ca95124acbbcc107d6dbb2c37efe','668218f05a7abcd7317c013036ad3ce1e3c048b1865776ceadfa8052cd09b2e7');
INSERT INTO "event" VALUES('0123456789abcdef',8,'2026-01-31T09:30:05.000Z','session','session.starting','s2','p1','{"argv":["bash","-c","true ''a b''"],"boot_id":"boot-1","container_id":"c1","credential":"","detachable":false,"ended":"","exit_code":null,"how":"","id":"s2","image":"contenant:2.1.0-aaaaaaaaaaaa","kind":"command","pid":4711,"pid_start":"99","policy":"","started":"2026-01-31T09:30:00.000Z","tty":true}','668218f05a7abcd7317c013036ad3ce1e3c048b1865776ceadfa8052cd09b2e7','a4bab8cd087f797434046b23a2f076d6b1da4320df2e01308d742b03e839aff4');
INSERT INTO "event" VALUES('0123456789abcdef',9,'2026-01-31T09:30:06.000Z','session','session.detached','s1','p1','{}','a4bab8cd087f797434046b23a2f076d6b1da4320df2e01308d742b03e839aff4','30cd039bf1367f916d6d57c2536b3584428b0702cf51624a191218b4f2d9721b');
INSERT INTO "event" VALUES('0123456789abcdef',10,'2026-01-31T09:30:06.000Z','session','session.reattached','s1','p1','{"boot_id":"boot-1","pid":9,"pid_start":"99"}','30cd039bf1367f916d6d57c2536b3584428b0702cf51624a191218b4f2d9721b','ad2e615d4ba385f7d3cd2ff67f80574ac1766d056cd56534b4c80f8c20f0e6e1');
INSERT INTO "event" VALUES('0123456789abcdef',11,'2026-01-31T09:30:07.000Z','session','session.ended','s1','p1','{"exit_code":null,"how":"lost"}','ad2e615d4ba385f7d3cd2ff67f80574ac1766d056cd56534b4c80f8c20f0e6e1','f4b6e99a4e3ea7c539047b08b861e8537b43e8038d014e5769892e598136a257');
INSERT INTO "event" VALUES('0123456789abcdef',12,'2026-01-31T09:30:07.000Z','session','session.ended','s1','p1','{"exit_code":0,"how":"exited"}','f4b6e99a4e3ea7c539047b08b861e8537b43e8038d014e5769892e598136a257','10691a24e6c3dec76324190e5451bed7c8913ce1cd6ce44b44aee54f4167301e');
INSERT INTO "event" VALUES('0123456789abcdef',13,'2026-01-31T09:30:08.000Z','session','session.left','s1','p1','{"added":["x"]}','10691a24e6c3dec76324190e5451bed7c8913ce1cd6ce44b44aee54f4167301e','26072fc1ad5fe000e0596c1720df49d91623d3eb84207cd8086bc36b5acc7db0');
INSERT INTO "event" VALUES('0123456789abcdef',14,'2026-01-31T09:30:09.000Z','container','container.renamed','c1','p1','{"from":"contenant-p1","to":"other"}','26072fc1ad5fe000e0596c1720df49d91623d3eb84207cd8086bc36b5acc7db0','3da7b8ba94a238df75bd570d9069bf8cc97c441e2695ce8ab6f54b6f5b8f57da');
INSERT INTO "event" VALUES('0123456789abcdef',15,'2026-01-31T09:30:09.000Z','container','container.removing','c1','p1','{"why":"cl\u0000ean"}','3da7b8ba94a238df75bd570d9069bf8cc97c441e2695ce8ab6f54b6f5b8f57da','10f53c6151ef7dfdc0415aad37b45d591eee8ec99d4f712acce3ed00e2aa7ba4');
INSERT INTO "event" VALUES('0123456789abcdef',16,'2026-01-31T09:30:10.000Z','container','container.gone','c1','p1','{"why":"clean"}','10f53c6151ef7dfdc0415aad37b45d591eee8ec99d4f712acce3ed00e2aa7ba4','d0438a95f8c3a675764f33648467bcebea3433406ed83d642868d3e6f99349a1');
INSERT INTO "event" VALUES('0123456789abcdef',17,'2026-01-31T09:30:11.000Z','container','container.adopted','c1','p1','{"created":"2026-01-31T09:30:00.000Z","engine":"podman","engine_id":"","engine_identity":"store-1","engine_version":"5","flags":"{}","gone":"","gone_why":"","id":"c1","image":"contenant:2.1.0-aaaaaaaaaaaa","last_seen":"2026-01-31T09:30:00.000Z","last_used":"2026-01-31T09:30:00.000Z","name":"contenant-p1","policy":"","project_id":"p1","spec":"{}","spec_hash":"5555555555555555555555555555555555555555555555555555555555555555","state":"running"}','d0438a95f8c3a675764f33648467bcebea3433406ed83d642868d3e6f99349a1','d0fec2e180c6f4865fe5ae17f724e86fdc0f1eeec0508f049c001dbb0cc1c830');
INSERT INTO "event" VALUES('0123456789abcdef',18,'2026-01-31T09:30:12.000Z','container','container.adopted','c2','p1','{"created":"2026-01-31T09:30:00.000Z","engine":"docker","engine_id":"","engine_identity":"store-1","engine_version":"","flags":"{}","gone":"","gone_why":"","id":"c2","image":"contenant:2.1.0-aaaaaaaaaaaa","last_seen":"2026-01-31T09:30:00.000Z","last_used":"2026-01-31T09:30:00.000Z","name":"second","policy":"","project_id":"p1","spec":"{}","spec_hash":"5555555555555555555555555555555555555555555555555555555555555555","state":"created"}','d0fec2e180c6f4865fe5ae17f724e86fdc0f1eeec0508f049c001dbb0cc1c830','d9e7e93c796d2f8b9da5c260b02c3338f4dd4e11351801897473587f7e184974');
INSERT INTO "event" VALUES('0123456789abcdef',19,'2026-01-31T09:30:13.000Z','image','image.building','x:1','','{"recipe":"r"}','d9e7e93c796d2f8b9da5c260b02c3338f4dd4e11351801897473587f7e184974','57b6ce590641d0a001c4e1e63ad654fb1fa93e9d4ba9790341ee637b1a22bda8');
INSERT INTO "event" VALUES('0123456789abcdef',20,'2026-01-31T09:30:13.000Z','image','image.built','i1','','{"base_digest":"sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","base_origin":"local","build_args":"{}","built":"2026-01-31T09:30:00.000Z","claude_version":"2.1.0","digest":"sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","id":"i1","layer":"base","parent":"debian:trixie","recipe":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","reference":"contenant:2.1.0-aaaaaaaaaaaa","seconds":12.5,"size":3000000000}','57b6ce590641d0a001c4e1e63ad654fb1fa93e9d4ba9790341ee637b1a22bda8','673992933e5978e3d84f9eacae95534f03699d6df64d3c86fa90ee4be7695e06');
INSERT INTO "event" VALUES('0123456789abcdef',21,'2026-01-31T09:30:13.000Z','image','image.failed','x:2','','{"log":"/l","recipe":"r"}','673992933e5978e3d84f9eacae95534f03699d6df64d3c86fa90ee4be7695e06','bcbf9da0afb8dec71f38494a48730b165f3e4f1a31cd87facdf6392edfd8228e');
INSERT INTO "event" VALUES('0123456789abcdef',22,'2026-01-31T09:30:14.000Z','image','image.removed','contenant:2.1.0-aaaaaaaaaaaa','','{"why":"stale"}','bcbf9da0afb8dec71f38494a48730b165f3e4f1a31cd87facdf6392edfd8228e','c60d8a181543cf272e5d620d0e0d3eb77301ac8d6c8402af0d0f3b0cae51980d');
INSERT INTO "event" VALUES('0123456789abcdef',23,'2026-01-31T09:30:15.000Z','engine','engine.remembered','podman','','{"key":"runtime","value":"runc"}','c60d8a181543cf272e5d620d0e0d3eb77301ac8d6c8402af0d0f3b0cae51980d','88b52d56898d74b60f681170e002001526c448f2c3440ab932f89856d0b86a27');
INSERT INTO "event" VALUES('0123456789abcdef',24,'2026-01-31T09:30:15.000Z','engine','engine.remembered','podman','','{"key":"runtime","value":"crun"}','88b52d56898d74b60f681170e002001526c448f2c3440ab932f89856d0b86a27','6fc91e0c5322d1481b60e49dccd1c720794cfaf7d8f852f1b6d55b842eb1b4c7');
INSERT INTO "event" VALUES('0123456789abcdef',25,'2026-01-31T09:30:16.000Z','project','project.moved','p1','p1','{"from":"/work/one","to":"/work/\udcff new"}','6fc91e0c5322d1481b60e49dccd1c720794cfaf7d8f852f1b6d55b842eb1b4c7','68764ca18d3fd055793a25cfb2f1cbc964137a21b9cc60e4291ff2646c2ad436');
INSERT INTO "event" VALUES('0123456789abcdef',26,'2026-01-31T09:30:17.000Z','rule','rule.added','r1','p1','{"added":"2026-01-31T09:30:00.000Z","author":"me","id":"r1","kind":"allow","project_id":"p1","reason":"needed","removed":"","removed_why":"","text":"a.example.com","until":""}','68764ca18d3fd055793a25cfb2f1cbc964137a21b9cc60e4291ff2646c2ad436','fe84f4e57b41872fd97dee14f4114bc0dbec194cb252d5bdc1f93757edbbef2c');
INSERT INTO "event" VALUES('0123456789abcdef',27,'2026-01-31T09:30:17.000Z','rule','rule.added','r2','p1','{"added":"2026-01-31T09:30:00.000Z","author":"me","id":"r2","kind":"deny","project_id":"p1","reason":"needed","removed":"","removed_why":"","text":"a.example.com","until":"2026-02-01"}','fe84f4e57b41872fd97dee14f4114bc0dbec194cb252d5bdc1f93757edbbef2c','f861f84ec167ed9f3456dc6b41a241e19e3f148bcd16240546302dbe41376f3e');
INSERT INTO "event" VALUES('0123456789abcdef',28,'2026-01-31T09:30:18.000Z','egress','egress.collected','c1','p1','{"cursor":"b:1","rows":[{"address":"","attempts":1,"container_id":"c1","destination":"a.example.com","first_seen":"2026-01-31T09:30:00.000Z","id":"e1","last_seen":"2026-01-31T09:30:00.000Z","layer":"dns","policy":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","port":443,"protocol":"tcp","received":0,"sent":0,"session_id":"","uid":-1,"verdict":"deny"},{"address":"","attempts":1,"container_id":"c1","destination":"a.example.com","first_seen":"2026-01-31T09:30:00.000Z","id":"e2","last_seen":"2026-01-31T09:30:00.000Z","layer":"dns","policy":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","port":443,"protocol":"tcp","received":0,"sent":0,"session_id":"","uid":-1,"verdict":"deny"}],"since":""}','f861f84ec167ed9f3456dc6b41a241e19e3f148bcd16240546302dbe41376f3e','6da0b7178f5756ce9ac7695d51b976be32e42fa5ae32174fb8e5fc2c84c00ce3');
INSERT INTO "event" VALUES('0123456789abcdef',29,'2026-01-31T09:30:19.000Z','egress','egress.collected','c1','p1','{"cursor":"b:2","rows":[{"address":"","attempts":4,"container_id":"c1","destination":"a.example.com","first_seen":"2026-01-31T09:30:00.000Z","id":"e3","last_seen":"2026-01-31T09:30:00.000Z","layer":"dns","policy":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","port":443,"protocol":"tcp","received":0,"sent":0,"session_id":"","uid":-1,"verdict":"deny"}],"since":"b:1"}','6da0b7178f5756ce9ac7695d51b976be32e42fa5ae32174fb8e5fc2c84c00ce3','af283b2f222f6414690dacdfc15c477bbff1d8493a3f07fe2db7cf9980c384de');
INSERT INTO "event" VALUES('0123456789abcdef',30,'2026-01-31T09:30:20.000Z','rule','rule.removed','r1','p1','{"kind":"allow","text":"a.example.com","why":"ta\u0000ken back"}','af283b2f222f6414690dacdfc15c477bbff1d8493a3f07fe2db7cf9980c384de','4fb1db3af446ee8fbcd7a333a6031d78124636134e5000f1b9539208cfe2ddc8');
INSERT INTO "event" VALUES('0123456789abcdef',31,'2026-01-31T09:30:21.000Z','credential','credential.used','ffffffffffff','','{"expires":"2027-01-31T09:30:00.000Z","kind":"oauth","source":"keyring"}','4fb1db3af446ee8fbcd7a333a6031d78124636134e5000f1b9539208cfe2ddc8','8fa67db318686dadef1fb1b1e174c95d1c9bba913173a37e8624b54d8b3d77e2');
INSERT INTO "event" VALUES('0123456789abcdef',32,'2026-01-31T09:30:22.000Z','credential','credential.stored','ffffffffffff','','{"expires":"","kind":"oauth","place":"file"}','8fa67db318686dadef1fb1b1e174c95d1c9bba913173a37e8624b54d8b3d77e2','7238111efdf3a4e1ba2ae130f5dde4b02a0a9f5fd03fa839b66e60dd7d48a1e4');
INSERT INTO "event" VALUES('0123456789abcdef',33,'2026-01-31T09:30:22.000Z','credential','credential.forgotten','ffffffffffff','','{"sessions":["s1"]}','7238111efdf3a4e1ba2ae130f5dde4b02a0a9f5fd03fa839b66e60dd7d48a1e4','5bd1fe0e39808223c5d561c25134403ca851e719423245260808ba9f23bb7217');
INSERT INTO "event" VALUES('0123456789abcdef',34,'2026-01-31T09:30:23.000Z','config','config.trusted','/b/%FF','','{"asked":["env A"],"path":"/b/\udcff","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}','5bd1fe0e39808223c5d561c25134403ca851e719423245260808ba9f23bb7217','abd095a6a05538f3d345e0b9803305838cd5222db2c44cd2511d3c4a7498b3b7');
INSERT INTO "event" VALUES('0123456789abcdef',35,'2026-01-31T09:30:24.000Z','config','config.revoked','/b/%FF','','{"path":"/b/\udcff"}','abd095a6a05538f3d345e0b9803305838cd5222db2c44cd2511d3c4a7498b3b7','e72709dee3773d6eb53e80c338b68ce9706b4c570fc4d5c01e025df072e254fd');
INSERT INTO "event" VALUES('0123456789abcdef',36,'2026-01-31T09:30:25.000Z','home','home.removed','contenant-b','p1','{"path":"/b/\udcff"}','e72709dee3773d6eb53e80c338b68ce9706b4c570fc4d5c01e025df072e254fd','de9f00b2a78749b42cd7ba6b07561811613f69432a4b3eecd1c625c68d4138e0');
INSERT INTO "event" VALUES('0123456789abcdef',37,'2026-01-31T09:30:26.000Z','project','project.added','p2','p2','{"name":"contenant-p2","path":"/b"}','de9f00b2a78749b42cd7ba6b07561811613f69432a4b3eecd1c625c68d4138e0','4ce6533578d2ca453bc63a3286353ca36418ec35e5f960a65bd8dc3b73a565e5');
INSERT INTO "event" VALUES('0123456789abcdef',38,'2026-01-31T09:30:26.000Z','project','project.forgotten','p2','p2','{"why":"asked"}','4ce6533578d2ca453bc63a3286353ca36418ec35e5f960a65bd8dc3b73a565e5','3cf3328f6fa568d66839674599919d87def5bdeed544e41746a021311eee4bbd');
CREATE TABLE host (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	created VARCHAR NOT NULL, 
	CONSTRAINT pk_host PRIMARY KEY (id)
);
INSERT INTO "host" VALUES('0123456789abcdef','vm','2026-01-31T09:30:01.000Z');
CREATE TABLE image (
	id VARCHAR NOT NULL, 
	host VARCHAR NOT NULL, 
	recipe VARCHAR NOT NULL, 
	layer VARCHAR NOT NULL, 
	parent VARCHAR NOT NULL, 
	reference VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	claude_version VARCHAR NOT NULL, 
	base_origin VARCHAR NOT NULL, 
	base_digest VARCHAR NOT NULL, 
	build_args VARCHAR NOT NULL, 
	built VARCHAR NOT NULL, 
	seconds FLOAT NOT NULL, 
	size BIGINT NOT NULL, 
	removed VARCHAR DEFAULT '' NOT NULL, 
	removed_why VARCHAR DEFAULT '' NOT NULL, 
	CONSTRAINT pk_image PRIMARY KEY (id), 
	CONSTRAINT fk_image_host FOREIGN KEY(host) REFERENCES host (id)
);
INSERT INTO "image" VALUES('i1','0123456789abcdef','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','base','debian:trixie','contenant:2.1.0-aaaaaaaaaaaa','sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','2.1.0','local','sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','{}','2026-01-31T09:30:00.000Z',12.5,3000000000,'2026-01-31T09:30:14.000Z','stale');
CREATE TABLE policy (
	host VARCHAR NOT NULL, 
	hash VARCHAR NOT NULL, 
	parent VARCHAR DEFAULT '' NOT NULL, 
	rules VARCHAR NOT NULL, 
	mode VARCHAR NOT NULL, 
	reason VARCHAR DEFAULT '' NOT NULL, 
	author VARCHAR DEFAULT '' NOT NULL, 
	expires VARCHAR DEFAULT '' NOT NULL, 
	created VARCHAR NOT NULL, 
	CONSTRAINT pk_policy PRIMARY KEY (host, hash), 
	CONSTRAINT fk_policy_host FOREIGN KEY(host) REFERENCES host (id)
);
INSERT INTO "policy" VALUES('0123456789abcdef','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee','','allow x
','audit','why','me','','2026-01-31T09:30:03.000Z');
CREATE TABLE project (
	id VARCHAR NOT NULL, 
	host VARCHAR NOT NULL, 
	path VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	created VARCHAR NOT NULL, 
	last_used VARCHAR NOT NULL, 
	forgotten VARCHAR DEFAULT '' NOT NULL, 
	CONSTRAINT pk_project PRIMARY KEY (id), 
	CONSTRAINT fk_project_host FOREIGN KEY(host) REFERENCES host (id)
);
INSERT INTO "project" VALUES('p1','0123456789abcdef','%:/work/%FF%20new','contenant-new-fb9a48fa','2026-01-31T09:30:01.000Z','2026-01-31T09:30:07.000Z','');
INSERT INTO "project" VALUES('p2','0123456789abcdef','/b','contenant-p2','2026-01-31T09:30:26.000Z','2026-01-31T09:30:26.000Z','2026-01-31T09:30:26.000Z');
CREATE TABLE rule (
	id VARCHAR NOT NULL, 
	host VARCHAR NOT NULL, 
	project_id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	text VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	author VARCHAR NOT NULL, 
	added VARCHAR NOT NULL, 
	until VARCHAR DEFAULT '' NOT NULL, 
	removed VARCHAR DEFAULT '' NOT NULL, 
	removed_why VARCHAR DEFAULT '' NOT NULL, 
	CONSTRAINT pk_rule PRIMARY KEY (id), 
	CONSTRAINT fk_rule_host FOREIGN KEY(host) REFERENCES host (id), 
	CONSTRAINT fk_rule_project_id FOREIGN KEY(project_id) REFERENCES project (id)
);
INSERT INTO "rule" VALUES('r1','0123456789abcdef','p1','allow','a.example.com','needed','me','2026-01-31T09:30:00.000Z','','2026-01-31T09:30:20.000Z','ta\x00ken back');
INSERT INTO "rule" VALUES('r2','0123456789abcdef','p1','deny','a.example.com','needed','me','2026-01-31T09:30:00.000Z','2026-02-01','','');
CREATE TABLE session (
	id VARCHAR NOT NULL, 
	host VARCHAR NOT NULL, 
	project_id VARCHAR NOT NULL, 
	container_id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	image VARCHAR NOT NULL, 
	policy VARCHAR DEFAULT '' NOT NULL, 
	credential VARCHAR DEFAULT '' NOT NULL, 
	argv VARCHAR NOT NULL, 
	tty BOOLEAN NOT NULL, 
	detachable BOOLEAN NOT NULL, 
	pid BIGINT NOT NULL, 
	pid_start VARCHAR NOT NULL, 
	boot_id VARCHAR NOT NULL, 
	started VARCHAR NOT NULL, 
	ended VARCHAR DEFAULT '' NOT NULL, 
	exit_code INTEGER, 
	how VARCHAR DEFAULT '' NOT NULL, 
	CONSTRAINT pk_session PRIMARY KEY (id), 
	CONSTRAINT fk_session_host FOREIGN KEY(host) REFERENCES host (id), 
	CONSTRAINT fk_session_project_id FOREIGN KEY(project_id) REFERENCES project (id), 
	CONSTRAINT fk_session_container_id FOREIGN KEY(container_id) REFERENCES container (id)
);
INSERT INTO "session" VALUES('s1','0123456789abcdef','p1','c1','command','contenant:2.1.0-aaaaaaaaaaaa','','','["bash", "-c", "true ''a b''"]',1,0,9,'99','boot-1','2026-01-31T09:30:00.000Z','2026-01-31T09:30:07.000Z',0,'exited');
INSERT INTO "session" VALUES('s2','0123456789abcdef','p1','c1','command','contenant:2.1.0-aaaaaaaaaaaa','','','["bash", "-c", "true ''a b''"]',1,0,4711,'99','boot-1','2026-01-31T09:30:00.000Z','',NULL,'');
CREATE TABLE setting (
	host VARCHAR NOT NULL, 
	engine VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	changed VARCHAR NOT NULL, 
	CONSTRAINT pk_setting PRIMARY KEY (host, engine, "key"), 
	CONSTRAINT fk_setting_host FOREIGN KEY(host) REFERENCES host (id)
);
INSERT INTO "setting" VALUES('0123456789abcdef','podman','runtime','crun','2026-01-31T09:30:15.000Z');
CREATE TABLE trust (
	host VARCHAR NOT NULL, 
	path VARCHAR NOT NULL, 
	sha256 VARCHAR DEFAULT '' NOT NULL, 
	changed VARCHAR NOT NULL, 
	CONSTRAINT pk_trust PRIMARY KEY (host, path), 
	CONSTRAINT fk_trust_host FOREIGN KEY(host) REFERENCES host (id)
);
INSERT INTO "trust" VALUES('0123456789abcdef','%:/b/%FF','','2026-01-31T09:30:24.000Z');
CREATE TABLE usage (
	host VARCHAR NOT NULL, 
	message_id VARCHAR NOT NULL, 
	request_id VARCHAR DEFAULT '' NOT NULL, 
	project_id VARCHAR NOT NULL, 
	session_id VARCHAR DEFAULT '' NOT NULL, 
	model VARCHAR NOT NULL, 
	at VARCHAR NOT NULL, 
	input_tokens BIGINT DEFAULT '0' NOT NULL, 
	output_tokens BIGINT DEFAULT '0' NOT NULL, 
	cache_read_tokens BIGINT DEFAULT '0' NOT NULL, 
	cache_write_5m_tokens BIGINT DEFAULT '0' NOT NULL, 
	cache_write_1h_tokens BIGINT DEFAULT '0' NOT NULL, 
	cost FLOAT, 
	CONSTRAINT pk_usage PRIMARY KEY (host, message_id, request_id), 
	CONSTRAINT fk_usage_host FOREIGN KEY(host) REFERENCES host (id), 
	CONSTRAINT fk_usage_project_id FOREIGN KEY(project_id) REFERENCES project (id)
);
CREATE UNIQUE INDEX uq_project_path ON project (host, path) WHERE forgotten = '';
CREATE UNIQUE INDEX uq_container_name ON container (host, engine, engine_identity, name) WHERE gone = '';
CREATE INDEX ix_container_project_id ON container (project_id);
CREATE INDEX ix_image_reference ON image (host, reference);
CREATE INDEX ix_rule_project_id ON rule (project_id) WHERE removed = '';
CREATE INDEX ix_session_live ON session (host, container_id) WHERE ended = '';
CREATE INDEX ix_session_container_id ON session (container_id);
CREATE INDEX ix_session_project_id ON session (host, project_id, started, id);
CREATE INDEX ix_session_started ON session (host, started, id);
CREATE INDEX ix_egress_destination ON egress (host, destination, last_seen);
CREATE INDEX ix_usage_project_id_at ON usage (project_id, at);
CREATE INDEX ix_event_at ON event (host, at, seq);
CREATE INDEX ix_event_project_id ON event (host, project_id, at, seq);
CREATE INDEX ix_event_topic ON event (host, topic, at, seq);
CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER event_next BEFORE INSERT ON event WHEN 
    NEW.seq <> coalesce((SELECT max(seq) FROM event WHERE host = NEW.host), 0) + 1
    OR NEW.previous <> coalesce(
        (SELECT hash FROM event WHERE host = NEW.host ORDER BY seq DESC LIMIT 1), NEW.previous)
 BEGIN SELECT RAISE(ABORT, 'an event must follow the last one of its host'); END;
COMMIT;
