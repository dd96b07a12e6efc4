BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
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
INSERT INTO "api_key" VALUES('35nwxhri3car',X'BF1E51C287D309EB300F66E1B0DEA71D33DB7D93FCDCF3C4B0AC43A40A3B1D84','eyebrnmtdmrs','tests','inference receipts',1795959545546,NULL,NULL);
INSERT INTO "api_key" VALUES('hf3h9sp5tr8w',X'8D386ABB8411BC699F1E09221625D65DC609D85228362D97B168E886C6590A01','bfxdg7jv28cg','tests','inference receipts',1795959547604,NULL,NULL);
INSERT INTO "api_key" VALUES('i44qd7874zk4',X'342540A6B5F4A71997E9113CF1AA4B46279121F03473AAFB215DF8A680EB01A0','gqt5puxu4efy','tests','inference receipts',1795959548700,NULL,NULL);
CREATE TABLE conversation (
	id VARCHAR NOT NULL, 
	member_id VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	expires_ms INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(member_id) REFERENCES member (id)
);
INSERT INTO "conversation" VALUES('vy8vtiq27ksd','kzddkijj7i5d','Combien de stères par foyer ?',1795959550648,1798551550648);
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
INSERT INTO "invitation" VALUES('dc5f39aj42wd',X'63D2A4F6008A212DECA587AA5A649747C4638569289104BD077C7DB4247B7A21','operator','eyebrnmtdmrs',NULL,1795959545508,1796564345508,NULL,NULL);
INSERT INTO "invitation" VALUES('bv7kr9igbqq8',X'657B7E44318FBFB8E8EE8262F30CBEC69911FF7B3D4A28FC48BDE06D22C382A8','member','bfxdg7jv28cg',NULL,1795959547592,1796564347592,NULL,NULL);
INSERT INTO "invitation" VALUES('wis65y56mc4t',X'C50DD92AC2DB14C2A36D9ADECA21877B91FDDD5C893068DFBF4A733159AECE2F','member','gqt5puxu4efy',NULL,1795959548683,1796564348683,NULL,NULL);
INSERT INTO "invitation" VALUES('mhvs8a8s63kw',X'297B716BB7DE897CA1E6F2F02709AE638248B2D73D543394D5C8097C9EFC9384','member',NULL,NULL,1795959549492,1796564349492,1795959549933,NULL);
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
INSERT INTO "ledger_entry" VALUES(1,'rcp_bd0c3248f3c8a5331b8e2b63',1,'reserved','eyebrnmtdmrs',1795959545977,'{"at_ms":1795959545977,"content":{"id":"rcp_bd0c3248f3c8a5331b8e2b63","attempt":1,"member_id":"eyebrnmtdmrs","door":"api","kind":"chat","model_id":"echo","created_ms":1795959545977,"tokens":null},"kind":"reserved","seq":1}',X'7F49BD53E36E11E0A9E7005711F46F3DBDAD1CA86294157AFE928D120E8389ED');
INSERT INTO "ledger_entry" VALUES(2,'rcp_bd0c3248f3c8a5331b8e2b63',1,'settled','eyebrnmtdmrs',1795959546111,'{"at_ms":1795959546111,"content":{"id":"rcp_bd0c3248f3c8a5331b8e2b63","attempt":1,"member_id":"eyebrnmtdmrs","door":"api","kind":"chat","created_ms":1795959545977,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":40,"cached":0,"decoded":6,"discarded":0},"durations":{"wait_ms":27,"wait_reason":"none","prompt_ms":1,"decode_ms":12,"total_ms":102},"energy":{"interval_uj":{"low":16250,"central":48750,"high":146250},"quality":"estimated","method":"processor time x 8.1 W assumed per busy logical processor; standby, memory and power supply not counted","cpu_us":6000},"impacts":{"gwp_g":null,"water_l":null,"adpe_g_sb":null,"primary_energy_mj":null,"factor_set":null},"prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"2bf520d8aea2049f78126bcdd83b0950d188b354ece0dd5f73b73e9a9e2483a6","rules":[]},"kind":"settled","seq":2}',X'448E811E019D309918F22F679118CE48D7FE93EC478A3F62E1C22255B64260B0');
INSERT INTO "ledger_entry" VALUES(3,'rcp_57eb6207c057b423bca80513',1,'reserved','eyebrnmtdmrs',1795959547020,'{"at_ms":1795959547020,"content":{"id":"rcp_57eb6207c057b423bca80513","attempt":1,"member_id":"eyebrnmtdmrs","door":"api","kind":"chat","model_id":"echo","created_ms":1795959547020,"tokens":null},"kind":"reserved","seq":3}',X'6ED87E98F244BEE31CF6A48A42267693C26D346371E3A2529CFA221ADE5693B5');
INSERT INTO "ledger_entry" VALUES(4,'rcp_57eb6207c057b423bca80513',1,'settled','eyebrnmtdmrs',1795959547106,'{"at_ms":1795959547106,"content":{"id":"rcp_57eb6207c057b423bca80513","attempt":1,"member_id":"eyebrnmtdmrs","door":"api","kind":"chat","created_ms":1795959547020,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":46,"cached":38,"decoded":12,"discarded":0},"durations":{"wait_ms":44,"wait_reason":"none","prompt_ms":1,"decode_ms":24,"total_ms":86},"energy":{"interval_uj":{"low":32500,"central":97500,"high":292500},"quality":"estimated","method":"processor time x 8.1 W assumed per busy logical processor; standby, memory and power supply not counted","cpu_us":12000},"impacts":{"gwp_g":null,"water_l":null,"adpe_g_sb":null,"primary_energy_mj":null,"factor_set":null},"prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"691c95c13d72e33411b3602d69e0c0384a86402ed84eea854c907d90f609544d","rules":[]},"kind":"settled","seq":4}',X'4588715E8B25D93EDBCD3ECCA131F246012642305A408A478A5C44664632A364');
INSERT INTO "ledger_entry" VALUES(5,'rcp_aa111186c219b8e073d9df20',1,'reserved','eyebrnmtdmrs',1795959547444,'{"at_ms":1795959547444,"content":{"id":"rcp_aa111186c219b8e073d9df20","attempt":1,"member_id":"eyebrnmtdmrs","door":"api","kind":"chat","model_id":"echo","created_ms":1795959547444,"tokens":null},"kind":"reserved","seq":5}',X'B53B2506D5C13C9DFAE9722F5CD18C60B11A20E8B4C120DCA85F10EB88278554');
INSERT INTO "ledger_entry" VALUES(6,'rcp_aa111186c219b8e073d9df20',1,'settled','eyebrnmtdmrs',1795959547549,'{"at_ms":1795959547549,"content":{"id":"rcp_aa111186c219b8e073d9df20","attempt":1,"member_id":"eyebrnmtdmrs","door":"api","kind":"chat","created_ms":1795959547444,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":52,"cached":38,"decoded":18,"discarded":0},"durations":{"wait_ms":11,"wait_reason":"none","prompt_ms":1,"decode_ms":36,"total_ms":105},"energy":{"interval_uj":{"low":48750,"central":146250,"high":438750},"quality":"estimated","method":"processor time x 8.1 W assumed per busy logical processor; standby, memory and power supply not counted","cpu_us":18000},"impacts":{"gwp_g":null,"water_l":null,"adpe_g_sb":null,"primary_energy_mj":null,"factor_set":null},"prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"b4bcc480018f6d0767393f6ef64ba5ba56c39f68a48350e5e549f27814c14d26","rules":[]},"kind":"settled","seq":6}',X'0D792947A6838E4AD13D8BEC4444A4BB291CBEF04101F89C4E049D57259AE393');
INSERT INTO "ledger_entry" VALUES(7,'rcp_a1d5957c972ee074fc0f9cb1',1,'reserved','bfxdg7jv28cg',1795959547805,'{"at_ms":1795959547805,"content":{"id":"rcp_a1d5957c972ee074fc0f9cb1","attempt":1,"member_id":"bfxdg7jv28cg","door":"api","kind":"chat","model_id":"echo","created_ms":1795959547805,"tokens":null},"kind":"reserved","seq":7}',X'0038F58F72A13B06DEA8F25BC9441BE7E77DFDFD0DFF24CE8426624023E34FE0');
INSERT INTO "ledger_entry" VALUES(8,'rcp_a1d5957c972ee074fc0f9cb1',1,'settled','bfxdg7jv28cg',1795959547938,'{"at_ms":1795959547938,"content":{"id":"rcp_a1d5957c972ee074fc0f9cb1","attempt":1,"member_id":"bfxdg7jv28cg","door":"api","kind":"chat","created_ms":1795959547805,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":40,"cached":36,"decoded":6,"discarded":0},"durations":{"wait_ms":34,"wait_reason":"none","prompt_ms":1,"decode_ms":12,"total_ms":133},"energy":{"interval_uj":{"low":16250,"central":48750,"high":146250},"quality":"estimated","method":"processor time x 8.1 W assumed per busy logical processor; standby, memory and power supply not counted","cpu_us":6000},"impacts":{"gwp_g":null,"water_l":null,"adpe_g_sb":null,"primary_energy_mj":null,"factor_set":null},"prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"81265376c297d900a277ff079ab977279d663bf43879cdc6bf1afbb1ae1360f7","rules":[]},"kind":"settled","seq":8}',X'DB35F1B71D05A6156D7C133A1BC7EF20095BB5D2AFDC99D785D516B996F557B4');
INSERT INTO "ledger_entry" VALUES(9,'rcp_6598626da03fc9deabcc24e6',1,'reserved','bfxdg7jv28cg',1795959548133,'{"at_ms":1795959548133,"content":{"id":"rcp_6598626da03fc9deabcc24e6","attempt":1,"member_id":"bfxdg7jv28cg","door":"api","kind":"chat","model_id":"echo","created_ms":1795959548133,"tokens":null},"kind":"reserved","seq":9}',X'26D4C43E8F3C8183A62C23EDF222ABDD79A08E91E6F18401AF90CE9E61F2BAB2');
INSERT INTO "ledger_entry" VALUES(10,'rcp_6598626da03fc9deabcc24e6',1,'settled','bfxdg7jv28cg',1795959548224,'{"at_ms":1795959548224,"content":{"id":"rcp_6598626da03fc9deabcc24e6","attempt":1,"member_id":"bfxdg7jv28cg","door":"api","kind":"chat","created_ms":1795959548133,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":46,"cached":38,"decoded":12,"discarded":0},"durations":{"wait_ms":37,"wait_reason":"none","prompt_ms":1,"decode_ms":24,"total_ms":91},"energy":{"interval_uj":{"low":32500,"central":97500,"high":292500},"quality":"estimated","method":"processor time x 8.1 W assumed per busy logical processor; standby, memory and power supply not counted","cpu_us":12000},"impacts":{"gwp_g":null,"water_l":null,"adpe_g_sb":null,"primary_energy_mj":null,"factor_set":null},"prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"a91cb0813dbd50dec34729510584b051b9a6401879ac006343b59432e70bc2ec","rules":[]},"kind":"settled","seq":10}',X'58E5A30F8989D64C1F2BD6260821F93607CD0FE931245069C89F842AE1CFF9BB');
INSERT INTO "ledger_entry" VALUES(11,'rcp_951c830c0a66490d07c5c1de',1,'reserved','bfxdg7jv28cg',1795959548520,'{"at_ms":1795959548520,"content":{"id":"rcp_951c830c0a66490d07c5c1de","attempt":1,"member_id":"bfxdg7jv28cg","door":"api","kind":"chat","model_id":"echo","created_ms":1795959548520,"tokens":null},"kind":"reserved","seq":11}',X'5764B31343B564C004BE61F1EC2448DD2DD06AD8BE60580A52FFFBE6D06CAC98');
INSERT INTO "ledger_entry" VALUES(12,'rcp_951c830c0a66490d07c5c1de',1,'settled','bfxdg7jv28cg',1795959548676,'{"at_ms":1795959548676,"content":{"id":"rcp_951c830c0a66490d07c5c1de","attempt":1,"member_id":"bfxdg7jv28cg","door":"api","kind":"chat","created_ms":1795959548520,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":52,"cached":38,"decoded":18,"discarded":0},"durations":{"wait_ms":4,"wait_reason":"none","prompt_ms":1,"decode_ms":36,"total_ms":156},"energy":{"interval_uj":{"low":48750,"central":146250,"high":438750},"quality":"estimated","method":"processor time x 8.1 W assumed per busy logical processor; standby, memory and power supply not counted","cpu_us":18000},"impacts":{"gwp_g":null,"water_l":null,"adpe_g_sb":null,"primary_energy_mj":null,"factor_set":null},"prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"dcd5ed2d95a9d7c4f87a3371a11211063f1cd0ae084f78a01718087361da0fc1","rules":[]},"kind":"settled","seq":12}',X'8A9D73E4E32B200E704845061E4B70CD650B2D5851625DB065CC3E5C73F110E0');
INSERT INTO "ledger_entry" VALUES(13,'rcp_3af36faa68bdcaf219f01a3a',1,'reserved','gqt5puxu4efy',1795959548896,'{"at_ms":1795959548896,"content":{"id":"rcp_3af36faa68bdcaf219f01a3a","attempt":1,"member_id":"gqt5puxu4efy","door":"api","kind":"chat","model_id":"echo","created_ms":1795959548896,"tokens":null},"kind":"reserved","seq":13}',X'A1E7B6910B3EDF8C7DDB10547871A55F03B90D00E841A0C317F6FF1458E1758F');
INSERT INTO "ledger_entry" VALUES(14,'rcp_3af36faa68bdcaf219f01a3a',1,'settled','gqt5puxu4efy',1795959548920,'{"at_ms":1795959548920,"content":{"id":"rcp_3af36faa68bdcaf219f01a3a","attempt":1,"member_id":"gqt5puxu4efy","door":"api","kind":"chat","created_ms":1795959548896,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":40,"cached":36,"decoded":6,"discarded":0},"durations":{"wait_ms":8,"wait_reason":"none","prompt_ms":1,"decode_ms":12,"total_ms":24},"energy":{"interval_uj":{"low":16250,"central":48750,"high":146250},"quality":"estimated","method":"processor time x 8.1 W assumed per busy logical processor; standby, memory and power supply not counted","cpu_us":6000},"impacts":{"gwp_g":null,"water_l":null,"adpe_g_sb":null,"primary_energy_mj":null,"factor_set":null},"prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"1c84c2920f392d4a3c774dbe365f4566ff6361d4d0f4e1bdf0370e9156eadcf2","rules":[]},"kind":"settled","seq":14}',X'93EA6E4D7BE3C8156C7288E82E43BFD0D85878E960BF77D915732845DDA648FF');
INSERT INTO "ledger_entry" VALUES(15,'rcp_3cb5355604bd385d2dcbd7a0',1,'reserved','gqt5puxu4efy',1795959549093,'{"at_ms":1795959549093,"content":{"id":"rcp_3cb5355604bd385d2dcbd7a0","attempt":1,"member_id":"gqt5puxu4efy","door":"api","kind":"chat","model_id":"echo","created_ms":1795959549093,"tokens":null},"kind":"reserved","seq":15}',X'E3602351049717F955032CDBBBE547FB2854264F8801A57B9EAA218B93AE355B');
INSERT INTO "ledger_entry" VALUES(16,'rcp_3cb5355604bd385d2dcbd7a0',1,'settled','gqt5puxu4efy',1795959549121,'{"at_ms":1795959549121,"content":{"id":"rcp_3cb5355604bd385d2dcbd7a0","attempt":1,"member_id":"gqt5puxu4efy","door":"api","kind":"chat","created_ms":1795959549093,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":46,"cached":38,"decoded":12,"discarded":0},"durations":{"wait_ms":1,"wait_reason":"none","prompt_ms":1,"decode_ms":24,"total_ms":28},"energy":{"interval_uj":{"low":32500,"central":97500,"high":292500},"quality":"estimated","method":"processor time x 8.1 W assumed per busy logical processor; standby, memory and power supply not counted","cpu_us":12000},"impacts":{"gwp_g":null,"water_l":null,"adpe_g_sb":null,"primary_energy_mj":null,"factor_set":null},"prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"e14336d769826b2d1eaa219a745e4d2f72463872fe5282a4e3084db076fbc511","rules":[]},"kind":"settled","seq":16}',X'6A0B92DC2F2F67CD3A8DE6E7E6D5FE6F8A4D32331965FCACABFCC19B9B0CB325');
INSERT INTO "ledger_entry" VALUES(17,'rcp_5592a6d8c9416d44287a36ee',1,'reserved','gqt5puxu4efy',1795959549261,'{"at_ms":1795959549261,"content":{"id":"rcp_5592a6d8c9416d44287a36ee","attempt":1,"member_id":"gqt5puxu4efy","door":"api","kind":"chat","model_id":"echo","created_ms":1795959549261,"tokens":null},"kind":"reserved","seq":17}',X'31A479009161809CA2CFCF00A127D629A8439E4ABE511B262CFFE6A732B88C48');
INSERT INTO "ledger_entry" VALUES(18,'rcp_5592a6d8c9416d44287a36ee',1,'settled','gqt5puxu4efy',1795959549326,'{"at_ms":1795959549326,"content":{"id":"rcp_5592a6d8c9416d44287a36ee","attempt":1,"member_id":"gqt5puxu4efy","door":"api","kind":"chat","created_ms":1795959549261,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":52,"cached":38,"decoded":18,"discarded":0},"durations":{"wait_ms":12,"wait_reason":"none","prompt_ms":1,"decode_ms":36,"total_ms":65},"energy":{"interval_uj":{"low":48750,"central":146250,"high":438750},"quality":"estimated","method":"processor time x 8.1 W assumed per busy logical processor; standby, memory and power supply not counted","cpu_us":18000},"impacts":{"gwp_g":null,"water_l":null,"adpe_g_sb":null,"primary_energy_mj":null,"factor_set":null},"prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"54952a871e18ec943e9d471c6e21bc3a6694bdc18a7b966e7546aa68e6a9d946","rules":[]},"kind":"settled","seq":18}',X'C26127F209EB362FDE941199B3C8079144882800CA36A9909CCE279C17EB8EAC');
INSERT INTO "ledger_entry" VALUES(19,'rcp_91939742bb1bcc08197e1ed0',1,'reserved','kzddkijj7i5d',1795959550518,'{"at_ms":1795959550518,"content":{"id":"rcp_91939742bb1bcc08197e1ed0","attempt":1,"member_id":"kzddkijj7i5d","door":"web","kind":"chat","model_id":"echo","created_ms":1795959550518,"tokens":1024},"kind":"reserved","seq":19}',X'09C72A4E278337F7EA9DB9EB71E567C67DA1C5D4F4B701A2FD08833B106A7C39');
INSERT INTO "ledger_entry" VALUES(20,'rcp_91939742bb1bcc08197e1ed0',1,'settled','kzddkijj7i5d',1795959550604,'{"at_ms":1795959550604,"content":{"id":"rcp_91939742bb1bcc08197e1ed0","attempt":1,"member_id":"kzddkijj7i5d","door":"web","kind":"chat","created_ms":1795959550518,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":40,"cached":33,"decoded":6,"discarded":0},"durations":{"wait_ms":31,"wait_reason":"none","prompt_ms":1,"decode_ms":12,"total_ms":85},"energy":{"interval_uj":{"low":16250,"central":48750,"high":146250},"quality":"estimated","method":"processor time x 8.1 W assumed per busy logical processor; standby, memory and power supply not counted","cpu_us":6000},"impacts":{"gwp_g":null,"water_l":null,"adpe_g_sb":null,"primary_energy_mj":null,"factor_set":null},"prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"a20433e15c29fab27f245e1b6650d04d4e431770d663325be7a1b6a96a731e8a","rules":[]},"kind":"settled","seq":20}',X'5F833C0185FCAF07DE56F3781D30E7B64E691DAB8741F431A09F972D4018F9E0');
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
INSERT INTO "member" VALUES('eyebrnmtdmrs','Odile','odile','operator',NULL,'fr',1795959545508,NULL);
INSERT INTO "member" VALUES('bfxdg7jv28cg','Karim','karim','member',NULL,'fr',1795959547592,NULL);
INSERT INTO "member" VALUES('gqt5puxu4efy','Anne','anne','member',NULL,'fr',1795959548683,NULL);
INSERT INTO "member" VALUES('kzddkijj7i5d','Bilal','bilal','member','$argon2id$v=19$m=19456,t=2,p=1$OLnZIn73crhFoqEjjqYDGQ$CYYSOWRLd5ZO7JYTZ7hQhNcvosmibMohD3142FUgYMg','fr',1795959549933,NULL);
CREATE TABLE receipt_salt (
	request_id VARCHAR NOT NULL, 
	member_id VARCHAR NOT NULL, 
	salt BLOB NOT NULL, 
	PRIMARY KEY (request_id)
);
INSERT INTO "receipt_salt" VALUES('rcp_bd0c3248f3c8a5331b8e2b63','eyebrnmtdmrs',X'237A6574C43EDAE8E6650953423F3D26');
INSERT INTO "receipt_salt" VALUES('rcp_57eb6207c057b423bca80513','eyebrnmtdmrs',X'A9A7D03C67AF123B45877954B77486D1');
INSERT INTO "receipt_salt" VALUES('rcp_aa111186c219b8e073d9df20','eyebrnmtdmrs',X'2BB6CBD0DF1AAB8CE8337B9AC7B3AB41');
INSERT INTO "receipt_salt" VALUES('rcp_a1d5957c972ee074fc0f9cb1','bfxdg7jv28cg',X'E8E4C6EDDBB650B94793DDD52452585D');
INSERT INTO "receipt_salt" VALUES('rcp_6598626da03fc9deabcc24e6','bfxdg7jv28cg',X'1166C721C55FA1E88031734DA5A5FC33');
INSERT INTO "receipt_salt" VALUES('rcp_951c830c0a66490d07c5c1de','bfxdg7jv28cg',X'8C02DC6A062AF4ECDF4AEAFF4D484A3C');
INSERT INTO "receipt_salt" VALUES('rcp_3af36faa68bdcaf219f01a3a','gqt5puxu4efy',X'95D3C74DE9E1B772824E1622C3D2EC03');
INSERT INTO "receipt_salt" VALUES('rcp_3cb5355604bd385d2dcbd7a0','gqt5puxu4efy',X'C9A5E4DC222BDE23F3E0914FD061A9AC');
INSERT INTO "receipt_salt" VALUES('rcp_5592a6d8c9416d44287a36ee','gqt5puxu4efy',X'66DA9789E8E8812D7D806BF61CD7BD15');
INSERT INTO "receipt_salt" VALUES('rcp_91939742bb1bcc08197e1ed0','kzddkijj7i5d',X'3EEB1172379C080E6ADB004466F4F007');
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
INSERT INTO "session" VALUES('h7cm7ut6b95s',X'5C3DAB328B8DD768E4E15B73D20F2131939B2A3A5B3439E35E282A9FF0647374','kzddkijj7i5d','',1795959549933,1795959549933,1803735549933,NULL);
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
INSERT INTO "turn" VALUES('vy8vtiq27ksd',1,'user','Combien de stères par foyer ?',NULL);
INSERT INTO "turn" VALUES('vy8vtiq27ksd',2,'assistant','Combien de stères par foyer ?','rcp_91939742bb1bcc08197e1ed0');
CREATE INDEX ledger_by_member ON ledger_entry (member_id, seq);
CREATE INDEX conversation_by_expiry ON conversation (expires_ms);
CREATE INDEX conversation_by_member ON conversation (member_id);
COMMIT;
