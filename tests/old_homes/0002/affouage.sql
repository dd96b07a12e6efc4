BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE allowance_hold (
	request_id VARCHAR NOT NULL, 
	member_id VARCHAR NOT NULL, 
	workshop VARCHAR NOT NULL, 
	energy_uj BIGINT NOT NULL, 
	PRIMARY KEY (request_id)
);
CREATE TABLE api_key (
	id VARCHAR NOT NULL, 
	secret_sha256 BLOB NOT NULL, 
	member_id VARCHAR NOT NULL, 
	label VARCHAR NOT NULL, 
	scopes VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	expires_ms INTEGER, 
	revoked_ms INTEGER, 
	PRIMARY KEY (id), 
	FOREIGN KEY(member_id) REFERENCES member (id)
);
INSERT INTO "api_key" VALUES('unidy8992qir',X'9D5BF2F4D3B078F6589001D06ACFC509CD44C00DA6105C9F233E077797B040D2','a5wwnimazwd2','tests','inference receipts',1795959562797,NULL,NULL);
INSERT INTO "api_key" VALUES('2iznudhndeps',X'7EC1F09DA19EA18EDDBE2CBD68F78ADCC8E6313EB6158145EA94725773765821','tcrxqy66a5c8','tests','inference receipts',1795959564223,NULL,NULL);
INSERT INTO "api_key" VALUES('dj8nexrzqkus',X'53DD6167F849418CDBBDDD7D3F6277A20D93999EDDC29F130416D5EC7E012681','cyvcaijsyf8a','tests','inference receipts',1795959564896,NULL,NULL);
CREATE TABLE calibration (
	machine_id VARCHAR NOT NULL, 
	model_id VARCHAR NOT NULL, 
	at_ms INTEGER NOT NULL, 
	meter_id VARCHAR NOT NULL, 
	idle_uw BIGINT, 
	kappa FLOAT, 
	decode_ms FLOAT, 
	PRIMARY KEY (machine_id, model_id, at_ms)
);
CREATE TABLE closed_period (
	period VARCHAR NOT NULL, 
	entry_seq INTEGER NOT NULL, 
	figures TEXT NOT NULL, 
	shares TEXT, 
	salt BLOB, 
	PRIMARY KEY (period)
);
CREATE TABLE conversation (
	id VARCHAR NOT NULL, 
	member_id VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	expires_ms INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(member_id) REFERENCES member (id)
);
INSERT INTO "conversation" VALUES('fv5aaw793xfu','66k32z8bihqf','Combien de stères par foyer ?',1795959566913,1798551566913);
CREATE TABLE invitation (
	id VARCHAR NOT NULL, 
	secret_sha256 BLOB NOT NULL, 
	role VARCHAR NOT NULL, 
	member_id VARCHAR, 
	created_by VARCHAR, 
	created_ms INTEGER NOT NULL, 
	expires_ms INTEGER NOT NULL, 
	used_ms INTEGER, 
	revoked_ms INTEGER, 
	PRIMARY KEY (id), 
	FOREIGN KEY(member_id) REFERENCES member (id), 
	UNIQUE (secret_sha256)
);
INSERT INTO "invitation" VALUES('zp69pnt8j5as',X'FC884FFA71BA6E2E61D1041B574D35A7F0A64F5E6D4A85794977D8911912A176','operator','a5wwnimazwd2',NULL,1795959562748,1796564362748,NULL,NULL);
INSERT INTO "invitation" VALUES('pgqjewp6gymj',X'C3696B703B6B8A77C334C373542A3148BCDBFD33823609346DA77AC94B2D4E2B','member','tcrxqy66a5c8',NULL,1795959564206,1796564364206,NULL,NULL);
INSERT INTO "invitation" VALUES('uxke2ze6wzch',X'0961585D05C0700B1E0D326174ED0B3488A511234F21253FCD11483ED5B8DE9B','member','cyvcaijsyf8a',NULL,1795959564894,1796564364894,NULL,NULL);
INSERT INTO "invitation" VALUES('qyfzifcdbspu',X'CF65F7FADED367E90FF7E4D38DA24ED441E54202FA22B2C09E01B7DC8732326F','member',NULL,NULL,1795959565862,1796564365862,1795959566131,NULL);
CREATE TABLE ledger_entry (
	seq INTEGER NOT NULL, 
	request_id VARCHAR NOT NULL, 
	attempt INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	member_id VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	body TEXT NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT ledger_idempotency UNIQUE (request_id, attempt, kind)
);
INSERT INTO "ledger_entry" VALUES(1,'rcp_58ce689f2803f7eec29fe06d',1,'reserved','a5wwnimazwd2',1795959563178,'{"at_ms":1795959563178,"content":{"id":"rcp_58ce689f2803f7eec29fe06d","attempt":1,"member_id":"a5wwnimazwd2","door":"api","kind":"chat","model_id":"echo","created_ms":1795959563178,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":1}',X'02E8B7F987DAF77C4ECD525109868CC0D13ED277DB3EDDA4289DBF1EB9A1DE3D');
INSERT INTO "ledger_entry" VALUES(2,'blk_d16203de0dcbf21f34a4',1,'block','',1795959563351,'{"at_ms":1795959563351,"content":{"id":"blk_d16203de0dcbf21f34a4","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959560824,"t1_ms":1795959563351,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":150393240,"idle_uj":48132800,"unattributed_uj":0,"contended_uj":93899123,"parts":{"rcp_58ce689f2803f7eec29fe06d":[2060440,6300877,103022]},"idle_us":2406640,"known_us":2509662,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"1aac2daf89adc7aa34b4a0a6ad7371b12c093ee418e027fbe3784037cfa134da","last":{"at_us":3971182951,"epoch":"5ebf7df6fc3d8cfe.0","counters_uj":{"declared":150393240}},"clean":false},"kind":"block","seq":2}',X'87D3427A62FE2A4F277EAE51E18A0B169730C86246354281B10A5047F86222A9');
INSERT INTO "ledger_entry" VALUES(3,'rcp_58ce689f2803f7eec29fe06d',1,'settled','a5wwnimazwd2',1795959563351,'{"at_ms":1795959563351,"content":{"id":"rcp_58ce689f2803f7eec29fe06d","attempt":1,"member_id":"a5wwnimazwd2","door":"api","kind":"chat","created_ms":1795959563178,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":40,"cached":0,"decoded":6,"discarded":0},"durations":{"wait_ms":54,"wait_reason":"none","prompt_ms":1,"decode_ms":12,"total_ms":173},"energy":{"interval_uj":{"low":2787105,"central":8361317,"high":15050371},"static_uj":2060440,"dynamic_uj":6300877,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":103022},"impacts":{"gwp_g":{"low":0.00003208267533333333,"central":0.00012054232008333335,"high":0.00040970454388888894},"water_l":{"low":9.476157e-7,"central":8.532491739694446e-6,"high":0.00003071947947444445},"adpe_g_sb":{"low":1.8805216791666668e-11,"central":1.128313277388889e-10,"high":4.061927906555556e-10},"primary_energy_mj":{"low":3.605236446875e-6,"central":0.000021631423855416666,"high":0.00007787312794916667},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","workshop":"api","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"5ffe4501c5b41ae2fe6177f67d5c240739f2fe095bc3d7213fd606bb42cd3f52","rules":[],"notices":[]},"kind":"settled","seq":3}',X'D21984694CA8CF4F42F715273F90C014F179DFA442AEFFD7EDAAF5A530000489');
INSERT INTO "ledger_entry" VALUES(4,'rcp_157184640f9c03ef788018ef',1,'reserved','a5wwnimazwd2',1795959563645,'{"at_ms":1795959563645,"content":{"id":"rcp_157184640f9c03ef788018ef","attempt":1,"member_id":"a5wwnimazwd2","door":"api","kind":"chat","model_id":"echo","created_ms":1795959563645,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":4}',X'17ED25A67C3AC67B53315D4F8C13BA963594443A74D054B76C3C44D6BB32B260');
INSERT INTO "ledger_entry" VALUES(5,'blk_a75d823f19bb3ad04a19',1,'block','',1795959563723,'{"at_ms":1795959563723,"content":{"id":"blk_a75d823f19bb3ad04a19","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959563351,"t1_ms":1795959563722,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":23355000,"idle_uj":6672100,"unattributed_uj":0,"contended_uj":14288788,"parts":{"rcp_157184640f9c03ef788018ef":[1082900,1311212,54145]},"idle_us":333605,"known_us":387750,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"dff80e977e3436ce92660b273eaea2e2e91efec79ca8139c109f99dc5d2a82e7","last":{"at_us":3971570701,"epoch":"5ebf7df6fc3d8cfe.0","counters_uj":{"declared":173748240}},"clean":false},"kind":"block","seq":5}',X'2ECB95BDCF4C6A526ACB0E9DEDACDC7BE11177E2168FFAA3EDA79A99D75539F2');
INSERT INTO "ledger_entry" VALUES(6,'rcp_157184640f9c03ef788018ef',1,'settled','a5wwnimazwd2',1795959563723,'{"at_ms":1795959563723,"content":{"id":"rcp_157184640f9c03ef788018ef","attempt":1,"member_id":"a5wwnimazwd2","door":"api","kind":"chat","created_ms":1795959563645,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":46,"cached":38,"decoded":12,"discarded":0},"durations":{"wait_ms":22,"wait_reason":"none","prompt_ms":1,"decode_ms":24,"total_ms":77},"energy":{"interval_uj":{"low":798037,"central":2394112,"high":4309402},"static_uj":1082900,"dynamic_uj":1311212,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":54145},"impacts":{"gwp_g":{"low":9.186292577777777e-6,"central":0.00003451511466666667,"high":0.00011731149888888889},"water_l":{"low":2.7133258e-7,"central":2.443124792888889e-6,"high":8.795968304444444e-6},"adpe_g_sb":{"low":5.384532980555555e-12,"central":3.2307211377777775e-11,"high":1.1630597175555555e-10},"primary_energy_mj":{"low":1.0322941110416666e-6,"central":6.193767253333333e-6,"high":0.000022297564181666666},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","workshop":"api","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"b9d4b46e8ccf03dc4e1de4689cc369ff9e119c5b9a8a6a759a6569ca49f4f825","rules":[],"notices":[]},"kind":"settled","seq":6}',X'438625D3AB3BE0311C90F67E18774492F3BFA4FD105C840C4C1F1B8ED586DF5C');
INSERT INTO "ledger_entry" VALUES(7,'rcp_3b81ff8dacf10f15856eaea9',1,'reserved','a5wwnimazwd2',1795959564112,'{"at_ms":1795959564112,"content":{"id":"rcp_3b81ff8dacf10f15856eaea9","attempt":1,"member_id":"a5wwnimazwd2","door":"api","kind":"chat","model_id":"echo","created_ms":1795959564112,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":7}',X'61FD8F9D88901F5F5CB09358B0BA3D68CEA9D7A0D99450F62270F39EC1379C73');
INSERT INTO "ledger_entry" VALUES(8,'blk_5fc91c4f0747474469c8',1,'block','',1795959564174,'{"at_ms":1795959564174,"content":{"id":"blk_5fc91c4f0747474469c8","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959563722,"t1_ms":1795959564174,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":26993160,"idle_uj":8072540,"unattributed_uj":0,"contended_uj":16815240,"parts":{"rcp_3b81ff8dacf10f15856eaea9":[920620,1184760,46031]},"idle_us":403627,"known_us":449658,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"191690057fa24766b586308b746d21de0f29d689812cb41158b70a30be76d1bc","last":{"at_us":3972020359,"epoch":"5ebf7df6fc3d8cfe.0","counters_uj":{"declared":200741400}},"clean":false},"kind":"block","seq":8}',X'D514CD5D36B7BB1D4B1812DE8F1C0DDE15261612D76234D5897C6E564BA48A14');
INSERT INTO "ledger_entry" VALUES(9,'rcp_3b81ff8dacf10f15856eaea9',1,'settled','a5wwnimazwd2',1795959564174,'{"at_ms":1795959564174,"content":{"id":"rcp_3b81ff8dacf10f15856eaea9","attempt":1,"member_id":"a5wwnimazwd2","door":"api","kind":"chat","created_ms":1795959564112,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":52,"cached":38,"decoded":18,"discarded":0},"durations":{"wait_ms":13,"wait_reason":"none","prompt_ms":1,"decode_ms":36,"total_ms":61},"energy":{"interval_uj":{"low":701793,"central":2105380,"high":3789684},"static_uj":920620,"dynamic_uj":1184760,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":46031},"impacts":{"gwp_g":{"low":8.0784172e-6,"central":0.000030352561666666668,"high":0.00010316362},"water_l":{"low":2.3860962e-7,"central":2.1484818072222225e-6,"high":7.73516612e-6},"adpe_g_sb":{"low":4.735153325e-12,"central":2.8410933444444445e-11,"high":1.022793604e-10},"primary_energy_mj":{"low":9.07798486875e-7,"central":5.4467935083333336e-6,"high":0.00001960845663},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","workshop":"api","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"7ab8ca73213cb53dbdf86984995e4f7df3d5431f05208e5cd676984dcfff0875","rules":[],"notices":[]},"kind":"settled","seq":9}',X'C80E7B28563C9FD4688EDCF5F364BAFDB3CF0B8966AC00FD4DE920EE2C0534EF');
INSERT INTO "ledger_entry" VALUES(10,'rcp_1145a5517566c479cb55f6f2',1,'reserved','tcrxqy66a5c8',1795959564462,'{"at_ms":1795959564462,"content":{"id":"rcp_1145a5517566c479cb55f6f2","attempt":1,"member_id":"tcrxqy66a5c8","door":"api","kind":"chat","model_id":"echo","created_ms":1795959564462,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":10}',X'6F2489A0D281E1651FD818361A117B1E548F00010A58E8B931ABA7169DBBA14B');
INSERT INTO "ledger_entry" VALUES(11,'blk_8e4643d57cf38361a033',1,'block','',1795959564484,'{"at_ms":1795959564484,"content":{"id":"blk_8e4643d57cf38361a033","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959564174,"t1_ms":1795959564484,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":18639880,"idle_uj":5924500,"unattributed_uj":0,"contended_uj":11398390,"parts":{"rcp_1145a5517566c479cb55f6f2":[315380,1001610,15769]},"idle_us":296225,"known_us":311994,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"eaf7da8a386c4bec3086a9aae5fad3cfab6259a9cbc7ac25c0d09c632259a8c7","last":{"at_us":3972332353,"epoch":"5ebf7df6fc3d8cfe.0","counters_uj":{"declared":219381280}},"clean":false},"kind":"block","seq":11}',X'D26627476F86A96CF1577083FFB207357134582F9D8DFD25E37293EA35C59063');
INSERT INTO "ledger_entry" VALUES(12,'rcp_1145a5517566c479cb55f6f2',1,'settled','tcrxqy66a5c8',1795959564484,'{"at_ms":1795959564484,"content":{"id":"rcp_1145a5517566c479cb55f6f2","attempt":1,"member_id":"tcrxqy66a5c8","door":"api","kind":"chat","created_ms":1795959564462,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":40,"cached":36,"decoded":6,"discarded":0},"durations":{"wait_ms":6,"wait_reason":"none","prompt_ms":1,"decode_ms":12,"total_ms":22},"energy":{"interval_uj":{"low":438996,"central":1316990,"high":2370582},"static_uj":315380,"dynamic_uj":1001610,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":15769},"impacts":{"gwp_g":{"low":5.053331733333333e-6,"central":0.000018986605833333334,"high":0.00006453250999999999},"water_l":{"low":1.4925864e-7,"central":1.3439517119444445e-6,"high":4.83862126e-6},"adpe_g_sb":{"low":2.962003566666667e-12,"central":1.777204838888889e-11,"high":6.39793742e-11},"primary_energy_mj":{"low":5.678596175e-7,"central":3.4071628791666663e-6,"high":0.000012265786364999999},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","workshop":"api","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"66f741fdd45afdbd62f1357263e7b0d75f16c7969f693a97a94451c24acb8a1e","rules":[],"notices":[]},"kind":"settled","seq":12}',X'24A3FE3AD1E96EB000FF3E50A77EFD5154BE080EA5D671F3A034220505108E7A');
INSERT INTO "ledger_entry" VALUES(13,'rcp_aef4568702207b2ccdab7f73',1,'reserved','tcrxqy66a5c8',1795959564632,'{"at_ms":1795959564632,"content":{"id":"rcp_aef4568702207b2ccdab7f73","attempt":1,"member_id":"tcrxqy66a5c8","door":"api","kind":"chat","model_id":"echo","created_ms":1795959564632,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":13}',X'A95690122CC2611C9821DFC89AC40D35F643CFAE9BC7CB83A6CBEA9944BD4F39');
INSERT INTO "ledger_entry" VALUES(14,'blk_2e6b9cc2c31c59319e9b',1,'block','',1795959564689,'{"at_ms":1795959564689,"content":{"id":"blk_2e6b9cc2c31c59319e9b","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959564484,"t1_ms":1795959564689,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":12456320,"idle_uj":3259380,"unattributed_uj":0,"contended_uj":7383593,"parts":{"rcp_aef4568702207b2ccdab7f73":[838540,974807,41927]},"idle_us":162969,"known_us":204896,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"a12d365adb8e34f008b40b10c439d908029b3726e5559c27a4b129b66aa77522","last":{"at_us":3972537249,"epoch":"5ebf7df6fc3d8cfe.0","counters_uj":{"declared":231837600}},"clean":false},"kind":"block","seq":14}',X'07E96917EBA2CB5D79F0B7091B8BD08B334DCD4243FEACF0C365426C3E943548');
INSERT INTO "ledger_entry" VALUES(15,'rcp_aef4568702207b2ccdab7f73',1,'settled','tcrxqy66a5c8',1795959564689,'{"at_ms":1795959564689,"content":{"id":"rcp_aef4568702207b2ccdab7f73","attempt":1,"member_id":"tcrxqy66a5c8","door":"api","kind":"chat","created_ms":1795959564632,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":46,"cached":38,"decoded":12,"discarded":0},"durations":{"wait_ms":14,"wait_reason":"none","prompt_ms":1,"decode_ms":24,"total_ms":57},"energy":{"interval_uj":{"low":604449,"central":1813347,"high":3264025},"static_uj":838540,"dynamic_uj":974807,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":41927},"impacts":{"gwp_g":{"low":6.9578796e-6,"central":0.00002614241925,"high":0.0000888540138888889},"water_l":{"low":2.0551266e-7,"central":1.8504702427500002e-6,"high":6.662237694444445e-6},"adpe_g_sb":{"low":4.078351725e-12,"central":2.447011035e-11,"high":8.809240805555555e-11},"primary_energy_mj":{"low":7.81879966875e-7,"central":4.69127980125e-6,"high":0.000016888609354166665},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","workshop":"api","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"75cdb5c9a4c3169d6079f6be48e1517a45df697360816f7313cadd768a30e064","rules":[],"notices":[]},"kind":"settled","seq":15}',X'58758A1EECC4F71E60F296BB87969732EAB55D2988A1C7FAB151314EECA2CFD3');
INSERT INTO "ledger_entry" VALUES(16,'rcp_abf9cee4745104895459d435',1,'reserved','tcrxqy66a5c8',1795959564809,'{"at_ms":1795959564809,"content":{"id":"rcp_abf9cee4745104895459d435","attempt":1,"member_id":"tcrxqy66a5c8","door":"api","kind":"chat","model_id":"echo","created_ms":1795959564809,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":16}',X'C20F59F2D8CD35CC74642915340AB185D034802D3B03D09DF1FC3A6DF904BA24');
INSERT INTO "ledger_entry" VALUES(17,'blk_2309fdf7ece6acf2c412',1,'block','',1795959564875,'{"at_ms":1795959564875,"content":{"id":"blk_2309fdf7ece6acf2c412","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959564689,"t1_ms":1795959564874,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":10950700,"idle_uj":2502520,"unattributed_uj":0,"contended_uj":6397041,"parts":{"rcp_abf9cee4745104895459d435":[1206580,844559,60329]},"idle_us":125126,"known_us":185455,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"e13f8382af0828c420c8e983f7ce199b807b700213e0f9b4943f7196ede1f98b","last":{"at_us":3972722704,"epoch":"5ebf7df6fc3d8cfe.0","counters_uj":{"declared":242788300}},"clean":false},"kind":"block","seq":17}',X'FE0C78D964345E4CD3A6403BA9F7828A451489A5C1A77C1287AC5DD8CE4136B2');
INSERT INTO "ledger_entry" VALUES(18,'rcp_abf9cee4745104895459d435',1,'settled','tcrxqy66a5c8',1795959564875,'{"at_ms":1795959564875,"content":{"id":"rcp_abf9cee4745104895459d435","attempt":1,"member_id":"tcrxqy66a5c8","door":"api","kind":"chat","created_ms":1795959564809,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":52,"cached":38,"decoded":18,"discarded":0},"durations":{"wait_ms":4,"wait_reason":"none","prompt_ms":1,"decode_ms":36,"total_ms":65},"energy":{"interval_uj":{"low":683713,"central":2051139,"high":3692051},"static_uj":1206580,"dynamic_uj":844559,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":60329},"impacts":{"gwp_g":{"low":7.870296311111111e-6,"central":0.00002957058725,"high":0.00010050583277777778},"water_l":{"low":2.3246242e-7,"central":2.093130373416667e-6,"high":7.53588631888889e-6},"adpe_g_sb":{"low":4.613163547222222e-12,"central":2.7678981283333333e-11,"high":9.964435421111112e-11},"primary_energy_mj":{"low":8.844112535416667e-7,"central":5.306467521249999e-6,"high":0.000019103287215833334},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","workshop":"api","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"e458b3f78cb43ef3216a9731b7861a050f95f1fcb502f3be8455ba66831be56f","rules":[],"notices":[]},"kind":"settled","seq":18}',X'7D6FD4A2E9148B48658E6376135E2BE3B352E071CE3691CC5D8B5DB075BF22AE');
INSERT INTO "ledger_entry" VALUES(19,'rcp_a794963b8ff58bbc6b6b2cc4',1,'reserved','cyvcaijsyf8a',1795959565001,'{"at_ms":1795959565001,"content":{"id":"rcp_a794963b8ff58bbc6b6b2cc4","attempt":1,"member_id":"cyvcaijsyf8a","door":"api","kind":"chat","model_id":"echo","created_ms":1795959565001,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":19}',X'CE80696BA8D04FAA03588F4E3DF43FFC83B264012A07066A4C35EE43B225E8EF');
INSERT INTO "ledger_entry" VALUES(20,'blk_d4f8b2587dc533106a8e',1,'block','',1795959565018,'{"at_ms":1795959565018,"content":{"id":"blk_d4f8b2587dc533106a8e","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959564874,"t1_ms":1795959565018,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":8661260,"idle_uj":2588900,"unattributed_uj":0,"contended_uj":4865382,"parts":{"rcp_a794963b8ff58bbc6b6b2cc4":[272360,934618,13618]},"idle_us":129445,"known_us":143063,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"02624a3b0c48466f139ab8a46f95b815dda743b81208a24ab2e7e4fcfc72eb89","last":{"at_us":3972865767,"epoch":"5ebf7df6fc3d8cfe.0","counters_uj":{"declared":251449560}},"clean":false},"kind":"block","seq":20}',X'E4A82AE0DB7B3DC9412F4DFEFCB89F6C43AD5CB769D055276A043450C5736F1C');
INSERT INTO "ledger_entry" VALUES(21,'rcp_a794963b8ff58bbc6b6b2cc4',1,'settled','cyvcaijsyf8a',1795959565018,'{"at_ms":1795959565018,"content":{"id":"rcp_a794963b8ff58bbc6b6b2cc4","attempt":1,"member_id":"cyvcaijsyf8a","door":"api","kind":"chat","created_ms":1795959565001,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":40,"cached":36,"decoded":6,"discarded":0},"durations":{"wait_ms":2,"wait_reason":"none","prompt_ms":1,"decode_ms":12,"total_ms":16},"energy":{"interval_uj":{"low":402326,"central":1206978,"high":2172561},"static_uj":272360,"dynamic_uj":934618,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":13618},"impacts":{"gwp_g":{"low":4.6312192888888886e-6,"central":0.0000174005995,"high":0.00005914193833333334},"water_l":{"low":1.3679084e-7,"central":1.2316875218333334e-6,"high":4.434438396666667e-6},"adpe_g_sb":{"low":2.714582927777778e-12,"central":1.6287497566666666e-11,"high":5.863500743333333e-11},"primary_energy_mj":{"low":5.204254445833334e-7,"central":3.1225526674999996e-6,"high":0.0000112411927075},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","workshop":"api","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"ff926860baf4b684a66557b016a00bd3cca6438872aaeef065b5520eb2b29b11","rules":[],"notices":[]},"kind":"settled","seq":21}',X'75B1B3CE1876CFAECFA9A7EC22E047D647E4014B3D76BF981D8BA5F041FC6404');
INSERT INTO "ledger_entry" VALUES(22,'rcp_0a0e94b9d16a7cc6f82483ee',1,'reserved','cyvcaijsyf8a',1795959565142,'{"at_ms":1795959565142,"content":{"id":"rcp_0a0e94b9d16a7cc6f82483ee","attempt":1,"member_id":"cyvcaijsyf8a","door":"api","kind":"chat","model_id":"echo","created_ms":1795959565142,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":22}',X'52457C741A940441862DD9A04ECCFBA1567C38A40B392B13E932EE6D6326BC28');
INSERT INTO "ledger_entry" VALUES(23,'blk_22231d21150db22f06f5',1,'block','',1795959565172,'{"at_ms":1795959565172,"content":{"id":"blk_22231d21150db22f06f5","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959565018,"t1_ms":1795959565172,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":9289300,"idle_uj":2545260,"unattributed_uj":0,"contended_uj":5200925,"parts":{"rcp_0a0e94b9d16a7cc6f82483ee":[544040,999075,27202]},"idle_us":127263,"known_us":154465,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"4cdb1e2d67318d9a3e69017870eb5c0c0e4d68156b7e382647cc1427c1f9eac3","last":{"at_us":3973020232,"epoch":"5ebf7df6fc3d8cfe.0","counters_uj":{"declared":260738860}},"clean":false},"kind":"block","seq":23}',X'DC2838E534BFCD9C2257FB4D9F1F1235083071CF3206807E5BDFBA6FDC940AF1');
INSERT INTO "ledger_entry" VALUES(24,'rcp_0a0e94b9d16a7cc6f82483ee',1,'settled','cyvcaijsyf8a',1795959565172,'{"at_ms":1795959565172,"content":{"id":"rcp_0a0e94b9d16a7cc6f82483ee","attempt":1,"member_id":"cyvcaijsyf8a","door":"api","kind":"chat","created_ms":1795959565142,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":46,"cached":38,"decoded":12,"discarded":0},"durations":{"wait_ms":2,"wait_reason":"none","prompt_ms":1,"decode_ms":24,"total_ms":30},"energy":{"interval_uj":{"low":514371,"central":1543115,"high":2777607},"static_uj":544040,"dynamic_uj":999075,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":27202},"impacts":{"gwp_g":{"low":5.920981733333334e-6,"central":0.000022246574583333336,"high":0.000075612635},"water_l":{"low":1.7488614000000003e-7,"central":1.5747059931944446e-6,"high":5.66940451e-6},"adpe_g_sb":{"low":3.470575441666667e-12,"central":2.082347963888889e-11,"high":7.49645267e-11},"primary_energy_mj":{"low":6.653603206250001e-7,"central":3.992167097916667e-6,"high":0.0000143718015525},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","workshop":"api","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"d3216472d22a5d6f6f62f3d27ec50c4d6dc24633bbde6ad2f1e4b508ee32527d","rules":[],"notices":[]},"kind":"settled","seq":24}',X'E390BA3C38926B78A09437469377542E0BF6DE2D2439922053214968EF1FB33D');
INSERT INTO "ledger_entry" VALUES(25,'rcp_f010393b90fab18fb541c8db',1,'reserved','cyvcaijsyf8a',1795959565372,'{"at_ms":1795959565372,"content":{"id":"rcp_f010393b90fab18fb541c8db","attempt":1,"member_id":"cyvcaijsyf8a","door":"api","kind":"chat","model_id":"echo","created_ms":1795959565372,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":25}',X'1B4355AA26CE4B4766343D320AB9BA664D9F85E0FEA4F951A85EB8FD149DC0A9');
INSERT INTO "ledger_entry" VALUES(26,'blk_2b11746834a04195ba2b',1,'block','',1795959565516,'{"at_ms":1795959565516,"content":{"id":"blk_2b11746834a04195ba2b","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959565172,"t1_ms":1795959565516,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":20478260,"idle_uj":4563600,"unattributed_uj":0,"contended_uj":12164438,"parts":{"rcp_f010393b90fab18fb541c8db":[2314660,1435562,115733]},"idle_us":228180,"known_us":343913,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"33b9ed772fd89a66f27c010aa81efe8617d3e85e5645a5aed126a79a38af960d","last":{"at_us":3973364145,"epoch":"5ebf7df6fc3d8cfe.0","counters_uj":{"declared":281217120}},"clean":false},"kind":"block","seq":26}',X'1421DA00CBBE190A7F43DA2346A613C7CEA5C82DB035192F730B81802C24037B');
INSERT INTO "ledger_entry" VALUES(27,'rcp_f010393b90fab18fb541c8db',1,'settled','cyvcaijsyf8a',1795959565516,'{"at_ms":1795959565516,"content":{"id":"rcp_f010393b90fab18fb541c8db","attempt":1,"member_id":"cyvcaijsyf8a","door":"api","kind":"chat","created_ms":1795959565372,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":52,"cached":38,"decoded":18,"discarded":0},"durations":{"wait_ms":27,"wait_reason":"none","prompt_ms":1,"decode_ms":36,"total_ms":144},"energy":{"interval_uj":{"low":1250074,"central":3750222,"high":6750400},"static_uj":2314660,"dynamic_uj":1435562,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":115733},"impacts":{"gwp_g":{"low":0.00001438974071111111,"central":0.000054065700500000005,"high":0.00018376088888888892},"water_l":{"low":4.2502516e-7,"central":3.826997378166667e-6,"high":0.000013778316444444446},"adpe_g_sb":{"low":8.434527072222223e-12,"central":5.0607162433333334e-11,"high":1.8218579555555557e-10},"primary_energy_mj":{"low":1.6170228054166665e-6,"central":9.7021368325e-6,"high":0.000034927694666666664},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","workshop":"api","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"6a9ad8e7b4df207da8990c19ddb095e2134d5aedbafc526190346d20a4e62f8e","rules":[],"notices":[]},"kind":"settled","seq":27}',X'4A7F32EC25A2D098C422BA4FEF45D72BD60E73C442A0A5AF5410D6CC32D339FE');
INSERT INTO "ledger_entry" VALUES(28,'rcp_2095e898e689c4c0ef0d69b1',1,'reserved','66k32z8bihqf',1795959566808,'{"at_ms":1795959566808,"content":{"id":"rcp_2095e898e689c4c0ef0d69b1","attempt":1,"member_id":"66k32z8bihqf","door":"web","kind":"chat","model_id":"echo","created_ms":1795959566808,"tokens":1024,"workshop":"web","use":"","energy_uj":null},"kind":"reserved","seq":28}',X'1351BE11B04B6D5A8364C98776F3987607AC2A00AE0F39F1C3E563F7B30E4F11');
INSERT INTO "ledger_entry" VALUES(29,'blk_4b869336bcb3e57250b2',1,'block','',1795959566882,'{"at_ms":1795959566882,"content":{"id":"blk_4b869336bcb3e57250b2","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959565516,"t1_ms":1795959566882,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":81921900,"idle_uj":26435420,"unattributed_uj":3453631,"contended_uj":50488695,"parts":{"rcp_2095e898e689c4c0ef0d69b1":[886480,657674,44324]},"idle_us":1321771,"known_us":1366095,"gap_us":0,"flags":["contended"],"windows":2,"readings_sha256":"1b4601de7b20959f6cc955333587543be28791409f10fdaa7bc60e618870deef","last":{"at_us":3974730240,"epoch":"5ebf7df6fc3d8cfe.0","counters_uj":{"declared":363139020}},"clean":false},"kind":"block","seq":29}',X'9779C9A1B987688E10B9550EEA4A2CDB894974AC5EEA09D5C767BA972B2DFB1D');
INSERT INTO "ledger_entry" VALUES(30,'rcp_2095e898e689c4c0ef0d69b1',1,'settled','66k32z8bihqf',1795959566882,'{"at_ms":1795959566882,"content":{"id":"rcp_2095e898e689c4c0ef0d69b1","attempt":1,"member_id":"66k32z8bihqf","door":"web","kind":"chat","created_ms":1795959566808,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":40,"cached":33,"decoded":6,"discarded":0},"durations":{"wait_ms":29,"wait_reason":"none","prompt_ms":1,"decode_ms":12,"total_ms":74},"energy":{"interval_uj":{"low":514718,"central":1544154,"high":2779478},"static_uj":886480,"dynamic_uj":657674,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":44324},"impacts":{"gwp_g":{"low":5.924976088888889e-6,"central":0.0000222615535,"high":0.0000756635677777778},"water_l":{"low":1.7500412e-7,"central":1.5757662638333334e-6,"high":5.673223428888889e-6},"adpe_g_sb":{"low":3.4729167277777777e-12,"central":2.0837500366666667e-11,"high":7.501502291111113e-11},"primary_energy_mj":{"low":6.658091795833333e-7,"central":3.9948550775e-6,"high":0.000014381482418333334},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","workshop":"web","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"9771400988683d7c1d17c633647cd7969c04f71e97176bbd6219feae99b6cedd","rules":[],"notices":[]},"kind":"settled","seq":30}',X'6B06C565BAC9B77185DF8BA0BE521173F8BA5770F52B9464C602E4594C31FD8C');
INSERT INTO "ledger_entry" VALUES(31,'blk_1239a6c5d0edfec9c923',1,'block','',1795959567367,'{"at_ms":1795959567367,"content":{"id":"blk_1239a6c5d0edfec9c923","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959566882,"t1_ms":1795959567367,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":28912000,"idle_uj":9712000,"unattributed_uj":849754,"contended_uj":18350246,"parts":{},"idle_us":485600,"known_us":485600,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"afc81956470d6254991ca9586e968949bcfa474a3de89a6feddb52107469cbde","last":{"at_us":3975215840,"epoch":"5ebf7df6fc3d8cfe.0","counters_uj":{"declared":392051020}},"clean":true},"kind":"block","seq":31}',X'30C97D8241CD56D436AB0B6848AF94B6A424A02DA97A68061976159C6C6D1D71');
CREATE TABLE machine_day (
	day VARCHAR NOT NULL, 
	machine_id VARCHAR NOT NULL, 
	meter_id VARCHAR NOT NULL, 
	factor_set VARCHAR NOT NULL, 
	quality VARCHAR NOT NULL, 
	energy_uj BIGINT NOT NULL, 
	requests_uj BIGINT NOT NULL, 
	idle_uj BIGINT NOT NULL, 
	unattributed_uj BIGINT NOT NULL, 
	contended_uj BIGINT NOT NULL, 
	low_uj BIGINT NOT NULL, 
	high_uj BIGINT NOT NULL, 
	requests_us BIGINT NOT NULL, 
	idle_us BIGINT NOT NULL, 
	known_us BIGINT NOT NULL, 
	gap_us BIGINT NOT NULL, 
	PRIMARY KEY (day, machine_id, meter_id, factor_set, quality)
);
INSERT INTO "machine_day" VALUES('2026-11-29','vm','declared','grid-2026-11/FRA','estimated',392051020,26086754,120409020,4303385,241251861,130683670,705691836,522100,6020451,6542551,0);
CREATE TABLE machine_version (
	machine_id VARCHAR NOT NULL, 
	from_ms INTEGER NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (machine_id, from_ms)
);
CREATE TABLE member (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	name_key VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	password_hash VARCHAR, 
	language VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	deactivated_ms INTEGER, 
	PRIMARY KEY (id), 
	UNIQUE (name), 
	UNIQUE (name_key)
);
INSERT INTO "member" VALUES('a5wwnimazwd2','Odile','odile','operator',NULL,'fr',1795959562748,NULL);
INSERT INTO "member" VALUES('tcrxqy66a5c8','Karim','karim','member',NULL,'fr',1795959564206,NULL);
INSERT INTO "member" VALUES('cyvcaijsyf8a','Anne','anne','member',NULL,'fr',1795959564894,NULL);
INSERT INTO "member" VALUES('66k32z8bihqf','Bilal','bilal','member','$argon2id$v=19$m=19456,t=2,p=1$G9roVaqIXQM7+/JxIZDr+A$Wly5Drwr+C7yTydKAYz4M9qqtIULOU9hr+fP6Tx0inc','fr',1795959566131,NULL);
CREATE TABLE reading_block (
	id VARCHAR NOT NULL, 
	machine_id VARCHAR NOT NULL, 
	t0_ms INTEGER NOT NULL, 
	t1_ms INTEGER NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "reading_block" VALUES('blk_d16203de0dcbf21f34a4','vm',1795959560824,1795959563351,X'789C9D52DB6EEB2010FC179EAD08DBF505FF4A14210A8B4D6B03055CB78AF2EF5D9CB64973DE0E6F3BCCEECC5ECEC458EDC870264691812890B308A048415E8D7D40A47B8710C970248B9093B1404E05795BC56CD227322126B388B45367B7712D6472810CF4503FBC824C669C7E09E5A12FC8026972597012B3E677AA9915B341BDCE33DF44CA514B0FB440CB33FC20D58EF8E024C4E8B2CDEA52902D081FF9FA82F91881D6461AB0F2338B227D31966FD827BA5D30A3A43F45D72D57BC3EA4898F9B0CBE9C3A3B3B62C7F7E9160DA28A3621A66C5824BE225CB3B66FBBBAEA193AF04E4ED86403CFBA53BAD5B256BDD470A0FB7C579B70C257BFB7C90F34577501CC68B9F7CB15B8B2F1F7782601843276FC23DA95655FB1A6FC5FD1B2A135ABABA77FC4598DA53B443D7D985380B7156712BF3DED01DFEF2A48CF9B5E42DB335DF5B4D61D80AC9806DAE61DC724C2CD37ED58CB3AF46DD57D2F5DC9F6052F3EF1E45EC1E2D713AAA265A740FD622DDEAEF05EE4CBAB1ABC01B43EA5EF8D8B51E0CE73D5E3E972CAC91EA5F73162340A4F062DE60897D3E50B6F90FC77');
INSERT INTO "reading_block" VALUES('blk_a75d823f19bb3ad04a19','vm',1795959563351,1795959563722,X'789C9D92DD6EEB200CC7DF85EBA8827C3424AF525588434CC2960003B29CA9CABBCF64EB5655E7EAF8CEE66FFB67E31B31563BD2DF8819484F0650B30C309082BC1AFB1451EE1D4224FD852C524DC602B916E46D95B3491FA88498CC22D3219DDD26B454C905D2D353F5640599CC38FD08D88917648134B9DC7092B3160F5DB32A6640BDCEB3D864CADE999E6881C833DC23E511F1C12988D165CC722FC816A48F627DC17CF4406BA30C58F5919BA27C31566C3827D22E98C1E8BDE8BAE58A5F8632F9F7B70D5A4E9D9D1D71E2C7748B80D8459B1053069649AC18AEBA96315E760D4302EFD4844336F047B7833E6B550D5C6938D163BFAB4DB8E12FDEDFCDF7ACA155579535CDD55D00335AE1FD42FAAEC2D2ED7E4F45E9E54602C8C1D8F189A069694BFF9FA0ADDA9AFF8B80355DCD31EAE9D3D202BCADB8A0F8CD7438E238B2A0BC401EC6EB734D75A76805BAE59C320E1A216292E1819BA12873DBE17196A63E1FBFBDF824927B058B4F784548EC06187E42ACC44396DECB7C8665830781E853FAFE7E394A3C805CF572DDAF39DB63EB638DE88DD2935ECB39C27EDD3F01B312FE3B');
INSERT INTO "reading_block" VALUES('blk_5fc91c4f0747474469c8','vm',1795959563722,1795959564174,X'789C9D92C96EE3300C86DF45672390BCC4CBAB0481C0CA94AD892DA9B25C4F11E4DD87729B2693B90D6F247E921F972B33563BD65D99E959C77A541304EC59C62EC6BE4494FBC0B0B0EEC46650A3B1C8CE197B5F6132F19394B8443343DCA593DBA406155D601D3F142F96B1D10CE38F401C9A8CCD1847971A8E3069F9D435A99604A8D769921BC4E41DF98167843CE13D92EF111F9CC265710933BF656C0BE017B9FEA27CF2506BA30C5AF5999A927C36566E3427D1CE9421F8BDE8BAA58A5F4632F8FD684396522767079AF839DD122075D1262C310143942B858BB61655CD6B2E88C03B35D29015BEE9BAD747AD8ABE511A0F7CDFEF6A236DF88BF7B1F94ED4455D3679C9537517D00C567A3FB3AE15555B36B77B2A494F5716107A6387BF09729EF3A26AFF9780C6AE4B51F27F098A523429EAF9CBD202BEAFB4A0E59B6977E4FE64417959BC3542EBA607A505D7A26AAA2302424B104B84F0D85C4B7D5B2A87B67F9E25CFC57EEDD94719DD056D3A5F992564D763FF88D16B5DC07B487F485915FD04D18F74A03C9D1106A01F48854FE7DB39E57BEABE6F92BC013CEB344C0BDECEB73F3E75FFCF');
INSERT INTO "reading_block" VALUES('blk_8e4643d57cf38361a033','vm',1795959564174,1795959564484,X'789C9D92DB8EE3200C86DF85EBA8E210727A95AA420C81846D020C90C98EAABEFB9A7467A6EADEADEF6C7EDB9F8D6FC83AE3D170437644031AB55A64D423AAD0D5BA9788F21F3A26349CD12AD56C9D46970ABD6F72B1F913943A65BBCA7C4817BF0B2355F6110DF8C45EAC42B39DE66F013975155A759E7D6938CBC588A7AE45950AA0D99645EC3217AFC1275C01F2A2BF22F48884E8954EC9174C7AAFD01E654862FB05F9E06963ACB2DAA9CFD214E4AB756287398176850C82BF8A6E7BA9F83090C9DF3F6DC04AEAE2DD04133FA73B00842EC6C6940BB0CC628330EB5B8A2966BC0782E0D50C4372FD66DAD13446B1B153469FF0B1DFCD65D8F083F767F3A5695B931AE352DD476D27274258D1D0B39A7425FA4805E9F986A296A375D30B01639471F6DF04A4671DA1DDBF04A4A7944334E097A545FDBEC182D25FA6C311C7914515042135979C9396378DAADB5EBD710E3014205296F1899B34356B81DB8DCFB350DC1CBFBD862CB2BF6A074F755588FDA8C7EF1088AE320459AE10534EE022807D86EFA1E513E524E1024AD9F3E57E29E9017A1F7B046F92010D462E49DF2FF73F80B1FE48');
INSERT INTO "reading_block" VALUES('blk_2e6b9cc2c31c59319e9b','vm',1795959564484,1795959564689,X'789C9D92DB8EE3200C86DF85EBA8E2D0348757A92A4439246C1360804C7654E5DDD764B6D3AA7BB7BEB3F96D7F36BE23EB8C47FD1D59857AA4B49C44D40A55E866DD5B44FA4F1D13EACF681672B44EA34B853E1631D9FC054A9DB29D45DEA5935FB91132FB887A7C606F56A1D10EE38F801CDA0ACD3A8FBE341CC564F84BD7A24A05D02CD3C457918B77C2075C01F2A41F11BA4742F452A7E40B26DD2AB44611125F7E413E78DA182BAD76F2AB3405F96C1D5F614EA09D2183E047D1652D15BF0D64E2F7B30D58499DBC1B60E2D7740780D0C5D898720116992F10665D4319A3AC86B975F07284216B7D358D322723996AA5D107BCEF77711936FCCDFBDC7C4F49C75A425B5CAAFBA8EDE0780833EA3BD2515A6F8F54909EEF286AA1AC1BDE086AD6D063F7DF048CB4AC39E17F08DA96B1E608D180DF9616F5C7020B4A7F997687EF471665E0429B637D6A1B4C296EAE544A25AE8D691840A42CE293FBD8D5A4AD81DBA9D75908A1FB6FCF21F3EC6FDAC1135C11107BA5D54FA8A86E220451CE10D39AC04900FC08FF43CB2F8A41C00994BAE7CB7629F9019AEF8B046F1001F5464C496F97ED0F1F21FF57');
INSERT INTO "reading_block" VALUES('blk_2309fdf7ece6acf2c412','vm',1795959564689,1795959564874,X'789C9D92DB8EE3200C86DF85EBA8A290F3AB5415628849D826C000D9ECA8CABBAFC96CB7552FF6627D67EBB7FDF97027C66A47FA3B3103E9C9006A96010652909BB16F11E57E4288A4BF9045AAC95820D7827CAE7236E90B95109359643AA4B3DB84962AB9407A7AE26F5690C98CD35FC1F9D416648134B9DC7092B3162F5DB32A6640BDCEB3D864CA5E4D4FB440E4191E1176447C700A62741993ED05D982F451AC3F301F3DD0DA2803567DE5A6285F8C151BCE89B40B669CE9A3E8BAE58ADF8632F9EBD9062DA7CECE8E38F16BBA4540ECA24D882903CB24560CF3AE61156F58D92181776AC2212BF8D0CDA06BADF8D02A0D277AEC77B50937FCCDFBDC7CCFF8B9E54D4D69AEEE0298D10AEF17D2B72DE74DB93F52517AB993007230767C2368186B68F9DF04256BB0D93F083C7D5B5A80CF151714FF301D8E389E2C282FE487EE1440D994D599966D5795553794BC428898647872D735631CCB811D5E67A9AAEEB8F6E29348EE06369F0FC7436437C0F08CE16BDDA4F732FF21E5ACC69F40FA090FC4F219E528F10772E1CB75BFE67C8FDD8F4DA2374A4F7A2DE708FB75FF0DD750FF16');
INSERT INTO "reading_block" VALUES('blk_d4f8b2587dc533106a8e','vm',1795959564874,1795959565018,X'789C9D92DB8EE3200C86DF85EBA8A2E444F22A55851C02093B093040263BAAFAEE6B32DB99AA7BB7BEB3F1E1F38F6FC458ED487F2366243D19955C20A89114E4CDD89788741F2A44D25FC80A723656916B41DE37584CFAC44C159359211DA98BDB8506995C203D3D952F5690D94CF377C2F9C40BB2AA34BB3C7086458BA7A9392B6640BD2D8BD82165AFA1275A20F2A21E1176447C7052C5E83226BB17640FE0A3D87E613D7A4A6B238DB2F2330FC5F4D558B1E39E48BB62C5993E9A6E7BEEF8659806BF7FC6A0E5D2C5D909377E2EB7088853B4093165604862C370D9B5AC65ACA515127827675CB256836E47DD68598E5C6A75A287BE9B4DA8F017EF8FF23DAB58CB794969EEEE82329315DEAFA4C760D956F74729A65E6E2428188D9D5E087853B74DFBDF04F5B9AABABAF997A0E4BCEE30EAE98B6841BD6F2850FCCB7438E238B220BD80B6ABBAA61CB8D6351F06D90CCDC0A4AC102226084FDCF5B9E3D84ED9F17997BAE3C76FAF3E89E4DE94C527D41789DDA8C6EF5083770CDE43BE425A960C2F02D967FC1E963F1126C00BC86D2FD7FB35977B9C7DE888DE049EF41A96A8EED7FB1F7DBFFF9A');
INSERT INTO "reading_block" VALUES('blk_22231d21150db22f06f5','vm',1795959565018,1795959565172,X'789C9D92C992E3200C86DF85B32B85F7E55552298A066133B181063C9EAE94DFBD85BBD3C9E43087D14D42CBA71FDD8836CA92E146B42403912066EE41928C5CB5798908FB1B7C20C3992C5C4CDA00B964E47DE5B38E1F980921EA85C72375B61B535C44EBC9404FE58B6564D2E3F493909FBA8C2C10279B064E7C56EC696ACA0A0950ADF3CC361E93D7D013CD1079867BA43822CE5B0121D88459EC19D93C7781ADBFB01E3D504A0B0D467CA4A198BE68C336DC136917ACC8E9BDE9BAA58E5F8669FCCF630C5A2A9DAD1971E3E77283803845691F6202E691AD182EFBB6E89ABA6D5A2470564CB8640D6FAA95AA51A2949D5070A287BEAB89A8F017EF43F9A1A8F3AAEAEB86A6EED6831E0D736E214357765DDDEFF7524C3DDF88072EB519FF262869418BB2F86F8286B638EB1F048EBE88E6E17D4581C237D3E1B0E3C8BC708C720A7DF5D6CBBCE1AD108DEA8AAA2B01102244EE1FCAF57DD1E789DBC8E75DF2BC3A7E7B7191457B05834F7845486C25C89F50AABC72E7783A435A260136849FF07F8AF48B7CE47802A9EFF9B25F52BDC3E18790E88DDC9141F139C07ED93F01516BFF77');
INSERT INTO "reading_block" VALUES('blk_2b11746834a04195ba2b','vm',1795959565172,1795959565516,X'789C9D92CB6EEB201086DF85B51501761CDBAF12450873B1696CA0808F4F15F9DD3BB84D13A5BBCE0289D1CCFCDF5C6EC858ED50774346A20E4925261E944405BA1AFBE211EE9F0A1175673473311AABD0A540EF0B9F4CFA804815939979DA4327B732CD45720175F850BE588146338C3F01E4D014685669745970E493664FAA392A6640BD4C135B79CABF1A1F7001C893BA7BE8EEF1C10915A3CB98742BD01AB88F6C79837CF829AD8D30CA8A8F2C0AE1B3B16C853E8176860C82EF45973557FC3208E3FF1F326039757276808E9FD32D00828A3621A60CCC135BC05DB6A712534C4B0A04DE89119A3CAA5E9FA4AEB5286523B43AE07DBE8B4D30E12FDEC7E43B5AE353D93435CED55D5066B0CCFB19750D788FED764F85D0F30D05C5A5B1C30B415957A43AFE99A021949C08FD4DD05660E0F5F8656841BD2F30A0F8CDB47FD87E644178A631C1655BF62DD6BC278DEE8F15118DEC0122261E1EDCB46A680517A3AC7CEA05DE7ADFF6EC134BEEAA6C5E5F55646427957CF8E0B4AEDC7B9EEF101409DC04D08FB0209AD7C8070E37900B9F2FDB25E77B50DF2709BF817BD4693E45B55DB64F0DB4FF8E');
INSERT INTO "reading_block" VALUES('blk_4b869336bcb3e57250b2','vm',1795959565516,1795959566882,X'789C9D93D16EE3201045FF85672BC20663EC5FA92A8BC260B3B581DA78B355947FEFE028499B6A77A5F236C30C73E6EA7222CEDB40BA13718674C4809ED4028614E4D5F9878C0EBF615949F74466A547E7813C17E46D53934BEF58096B72B34A7BE9148EBD553A858574F4C01E4E4146378CB782F2200B32431A431E38AAC9F69FA6E6AA3503DA6D9AFAA34A3912F4400B449EE09AA9F64C5C8286750D19B33A17E4B8A8B8F6DB2FECC708AC75DA81D7EF792896CFCEF747DC136967EC28E9F5D1ED985FBC1C2C537FEE63F0E4D629F80137FEDCEE1110A758B7AC2903ABD46F98666DC398E025AF9120063DE29235BCD8C658613533525B38D05DDFCD2754F8C27B57BEAB6459954D59D1FC7A58C00DBE8F71269D6C399EF3B5154B9F4E6401659C1FBE1270CE2497D54F0918AF1BCAA4F846D096AD900CB3913E88B6C0DB860265BFA04D0C44B55C08311A54249D55D30AE7E26FC00DA315A73F0616AC642DFD2E59CB19A3FC3FC0A76BD0EFBF62D1B1AF685B836C2508D96AAE29586A44FB5222C49A70B51BB790752DD0E2E0CD7D97AA95B2D9ED39C7D4A7F00A1EAF9AAC8B0E06CC2D25F0E3A91855FE362838470B23FB887EAAB2EBD4A0D0B2DB2EEAF95FB23E9F3F00569F35BF');
INSERT INTO "reading_block" VALUES('blk_1239a6c5d0edfec9c923','vm',1795959566882,1795959567367,X'789CA592D16E83300C45FFC5CF080502A5F02B5585B2E040B690D010C6AA8A7F9FD3AA6B57ED6D7EB3756F7C7C950B68AB1C3417D01D34D0A134C26307097C68FB3291EE13FD0CCD014621076D118E099C166174389312E7A04711AE52E3D65609199C8786A5FCA51218743FFC08B2749FC088617071E1208C6A9FB646D51C01D5624CBB8A10BB1D4B5942C806EF93FC3A99BC9338CF2E62E65B02AB17D3DC2EEFE4A70E95D252A395E7B894E4A3B6ED4A7712ED488E8CDD1F5DD6F8E2AD4826BE1E6BA8A2D538DBD3C5CF764B80B445693F87082C42BBD098D75551719617E4C2C9C9818E2CF14D559DDA29C9BBBD5498B26BBE8B0D94F08DF7917CC3773CE335CB597CDD79D4BD6DA76984A62E3867C576B792F470018FA2D3B6FF4D50E659B9FF07419DB332FB8BA02CAB22263DB197D03C9E160A28FE17FA261D4EC2DF08A9EBC5048D1266C6EDB87D03B44FCBFF');
CREATE TABLE receipt_salt (
	request_id VARCHAR NOT NULL, 
	member_id VARCHAR NOT NULL, 
	salt BLOB NOT NULL, 
	PRIMARY KEY (request_id)
);
INSERT INTO "receipt_salt" VALUES('rcp_58ce689f2803f7eec29fe06d','a5wwnimazwd2',X'463F24A724ED4FA6AD2549EDA1633012');
INSERT INTO "receipt_salt" VALUES('rcp_157184640f9c03ef788018ef','a5wwnimazwd2',X'55942D2F9E90601541789731973480E1');
INSERT INTO "receipt_salt" VALUES('rcp_3b81ff8dacf10f15856eaea9','a5wwnimazwd2',X'8163D41933E7D0916098075C88BCD36E');
INSERT INTO "receipt_salt" VALUES('rcp_1145a5517566c479cb55f6f2','tcrxqy66a5c8',X'CC8378124AD8095162A8725EC138339C');
INSERT INTO "receipt_salt" VALUES('rcp_aef4568702207b2ccdab7f73','tcrxqy66a5c8',X'58B686FB26518854116B62CB61336F96');
INSERT INTO "receipt_salt" VALUES('rcp_abf9cee4745104895459d435','tcrxqy66a5c8',X'748C4859843278CB56DB1826EF375769');
INSERT INTO "receipt_salt" VALUES('rcp_a794963b8ff58bbc6b6b2cc4','cyvcaijsyf8a',X'554098954E9CC34C8EC38FB888EF5953');
INSERT INTO "receipt_salt" VALUES('rcp_0a0e94b9d16a7cc6f82483ee','cyvcaijsyf8a',X'6DE1A993F23C3414C72CF575EF848DCD');
INSERT INTO "receipt_salt" VALUES('rcp_f010393b90fab18fb541c8db','cyvcaijsyf8a',X'3E8BAA7ED4AB6BCD1DB9AC734FC7850A');
INSERT INTO "receipt_salt" VALUES('rcp_2095e898e689c4c0ef0d69b1','66k32z8bihqf',X'D0993E5C1246CE07537FAD25AC86B52A');
CREATE TABLE rule_version (
	area VARCHAR NOT NULL, 
	version INTEGER NOT NULL, 
	in_force_ms INTEGER NOT NULL, 
	body TEXT NOT NULL, 
	decided_by VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	PRIMARY KEY (area, version)
);
CREATE TABLE session (
	id VARCHAR NOT NULL, 
	secret_sha256 BLOB NOT NULL, 
	member_id VARCHAR NOT NULL, 
	agent VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	seen_ms INTEGER NOT NULL, 
	expires_ms INTEGER NOT NULL, 
	revoked_ms INTEGER, 
	PRIMARY KEY (id), 
	FOREIGN KEY(member_id) REFERENCES member (id), 
	UNIQUE (secret_sha256)
);
INSERT INTO "session" VALUES('bn4ntdegc2y3',X'9376BC7EA0BDD1BA569A288EF3E087DE82ED3A5C361186023627AE395EA7719E','66k32z8bihqf','',1795959566131,1795959566131,1803735566131,NULL);
CREATE TABLE sign_in_attempt (
	"key" VARCHAR NOT NULL, 
	count INTEGER NOT NULL, 
	window_ms INTEGER NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE turn (
	conversation_id VARCHAR NOT NULL, 
	seq INTEGER NOT NULL, 
	role VARCHAR NOT NULL, 
	text TEXT NOT NULL, 
	receipt_id VARCHAR, 
	PRIMARY KEY (conversation_id, seq), 
	FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
);
INSERT INTO "turn" VALUES('fv5aaw793xfu',1,'user','Combien de stères par foyer ?',NULL);
INSERT INTO "turn" VALUES('fv5aaw793xfu',2,'assistant','Combien de stères par foyer ?','rcp_2095e898e689c4c0ef0d69b1');
CREATE TABLE usage_day (
	dimension VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	day VARCHAR NOT NULL, 
	machine_id VARCHAR NOT NULL, 
	factor_set VARCHAR NOT NULL, 
	quality VARCHAR NOT NULL, 
	requests INTEGER NOT NULL, 
	lost INTEGER NOT NULL, 
	cancelled INTEGER NOT NULL, 
	unknown INTEGER NOT NULL, 
	prompt_tokens BIGINT NOT NULL, 
	decoded_tokens BIGINT NOT NULL, 
	static_uj BIGINT NOT NULL, 
	dynamic_uj BIGINT NOT NULL, 
	lost_uj BIGINT NOT NULL, 
	lost_dynamic_uj BIGINT DEFAULT '0' NOT NULL, 
	low_uj BIGINT NOT NULL, 
	high_uj BIGINT NOT NULL, 
	machine_share_us BIGINT NOT NULL, 
	PRIMARY KEY (dimension, "key", day, machine_id, factor_set, quality)
);
INSERT INTO "usage_day" VALUES('total','','2026-11-29','vm','grid-2026-11/FRA','estimated',10,0,0,0,454,114,10442000,15644754,0,0,8695582,46956161,522100);
INSERT INTO "usage_day" VALUES('member','a5wwnimazwd2','2026-11-29','vm','grid-2026-11/FRA','estimated',3,0,0,0,138,36,4063960,8796849,0,0,4286935,23149457,203198);
INSERT INTO "usage_day" VALUES('model','echo','2026-11-29','vm','grid-2026-11/FRA','estimated',10,0,0,0,454,114,10442000,15644754,0,0,8695582,46956161,522100);
INSERT INTO "usage_day" VALUES('workshop','api','2026-11-29','vm','grid-2026-11/FRA','estimated',9,0,0,0,414,108,9555520,14987080,0,0,8180864,44176683,477776);
INSERT INTO "usage_day" VALUES('member','tcrxqy66a5c8','2026-11-29','vm','grid-2026-11/FRA','estimated',3,0,0,0,138,36,2360500,2820976,0,0,1727158,9326658,118025);
INSERT INTO "usage_day" VALUES('member','cyvcaijsyf8a','2026-11-29','vm','grid-2026-11/FRA','estimated',3,0,0,0,138,36,3131060,3369255,0,0,2166771,11700568,156553);
INSERT INTO "usage_day" VALUES('member','66k32z8bihqf','2026-11-29','vm','grid-2026-11/FRA','estimated',1,0,0,0,40,6,886480,657674,0,0,514718,2779478,44324);
INSERT INTO "usage_day" VALUES('workshop','web','2026-11-29','vm','grid-2026-11/FRA','estimated',1,0,0,0,40,6,886480,657674,0,0,514718,2779478,44324);
CREATE TABLE usage_people (
	month VARCHAR NOT NULL, 
	model_id VARCHAR NOT NULL, 
	workshop VARCHAR NOT NULL, 
	machine_id VARCHAR NOT NULL, 
	declared_use VARCHAR NOT NULL, 
	lost INTEGER NOT NULL, 
	member_id VARCHAR NOT NULL, 
	PRIMARY KEY (month, model_id, workshop, machine_id, declared_use, lost, member_id)
);
INSERT INTO "usage_people" VALUES('2026-11','echo','api','vm','',0,'a5wwnimazwd2');
INSERT INTO "usage_people" VALUES('2026-11','echo','api','vm','',0,'tcrxqy66a5c8');
INSERT INTO "usage_people" VALUES('2026-11','echo','api','vm','',0,'cyvcaijsyf8a');
INSERT INTO "usage_people" VALUES('2026-11','echo','web','vm','',0,'66k32z8bihqf');
CREATE INDEX ledger_by_member ON ledger_entry (member_id, seq);
CREATE INDEX conversation_by_expiry ON conversation (expires_ms);
CREATE INDEX conversation_by_member ON conversation (member_id);
CREATE INDEX reading_block_by_time ON reading_block (machine_id, t1_ms);
CREATE INDEX usage_by_day ON usage_day (dimension, day);
COMMIT;
