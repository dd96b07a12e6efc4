BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0003');
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
INSERT INTO "api_key" VALUES('8vzwxrrh4ety',X'827F613DD516A6ED672BFED4F7F509D253BD50AEE0A157C5455FAE7C842888F2','9z2f9jabu3cr','tests','inference receipts',1795959583399,NULL,NULL);
INSERT INTO "api_key" VALUES('y8zfaidq6h92',X'90A2D0E48F1D1AD0E8D1802B510D430532C82E7B2E82FE72EF6DB1B36B23513C','4vp2qrrsgewf','tests','inference receipts',1795959584132,NULL,NULL);
INSERT INTO "api_key" VALUES('xb84nfx62m8c',X'DE1FD81009BA00C53D29E6B83B859C838DA7D735704B969026F2779FE320642C','udy3mubsag4n','tests','inference receipts',1795959584693,NULL,NULL);
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
INSERT INTO "conversation" VALUES('v2gaf9ncz54q','pxzygnang22k','Combien de stères par foyer ?',1795959585881,1798551585881);
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
INSERT INTO "invitation" VALUES('v72yui5rx3ix',X'70F7B5E17C039BDC7214420E726DB3FE6720E4CEC338AF35EFBCF9A8C799353C','operator','9z2f9jabu3cr',NULL,1795959583380,1796564383380,NULL,NULL);
INSERT INTO "invitation" VALUES('k2c5jgyhdsw2',X'8F641243CF032C6B0CE2C06523752B55CDAEE5726623CB64C6A3C192E51A895A','member','4vp2qrrsgewf',NULL,1795959584129,1796564384129,NULL,NULL);
INSERT INTO "invitation" VALUES('72uh4e2xsak5',X'1712A4A4B7E9D06505FC02C2C5445F0E3F1B3D3DEA73333D261400A3B8EC0B68','member','udy3mubsag4n',NULL,1795959584671,1796564384671,NULL,NULL);
INSERT INTO "invitation" VALUES('yr25k73mqmds',X'43E8ABD79F00F93C69C5574069875714B2DBE3EA764739CF629EAF505F495653','member',NULL,NULL,1795959585219,1796564385219,1795959585463,NULL);
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
INSERT INTO "ledger_entry" VALUES(1,'rcp_1fe103f47679175db0697c10',1,'reserved','9z2f9jabu3cr',1795959583508,'{"at_ms":1795959583508,"content":{"id":"rcp_1fe103f47679175db0697c10","attempt":1,"member_id":"9z2f9jabu3cr","door":"api","kind":"chat","model_id":"echo","created_ms":1795959583508,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":1}',X'9F3091698196418723153ED6C691D1DDB7D0A4EA51823EE0A9AE01C2B02FB25A');
INSERT INTO "ledger_entry" VALUES(2,'blk_f493c9cb1e26bda96f43',1,'block','',1795959583589,'{"at_ms":1795959583589,"content":{"id":"blk_f493c9cb1e26bda96f43","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959581836,"t1_ms":1795959583589,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":102317640,"idle_uj":33519580,"unattributed_uj":0,"contended_uj":62953442,"parts":{"rcp_1fe103f47679175db0697c10":[598060,5246558,29903]},"idle_us":1675979,"known_us":1705882,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"1824d17a2240c55bbc11b2a9b4c13414f844f6c6a2e3a4ac6e497935ccc4d600","last":{"at_us":3991390793,"epoch":"6e2d78d6a6c1198a.0","counters_uj":{"declared":102317640}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":2}',X'AB308ABB80026EF130C8A7719FAB1B79A336458B2D485DA7C8BBC33B5C86CCFC');
INSERT INTO "ledger_entry" VALUES(3,'rcp_1fe103f47679175db0697c10',1,'settled','9z2f9jabu3cr',1795959583589,'{"at_ms":1795959583589,"content":{"id":"rcp_1fe103f47679175db0697c10","attempt":1,"member_id":"9z2f9jabu3cr","door":"api","kind":"chat","created_ms":1795959583508,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":40,"cached":0,"decoded":6,"discarded":0},"durations":{"wait_ms":7,"wait_reason":"none","prompt_ms":1,"decode_ms":12,"total_ms":84},"energy":{"interval_uj":{"low":1948206,"central":5844618,"high":10520313},"static_uj":598060,"dynamic_uj":5246558,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":29903},"impacts":{"gwp_g":{"low":0.000022426015733333336,"central":0.0000842599095,"high":0.00028638629833333337},"water_l":{"low":6.623900400000001e-7,"central":5.964270318500001e-6,"high":0.000021473127756666668},"adpe_g_sb":{"low":1.3144978816666668e-11,"central":7.886987290000001e-11,"high":2.8393155863333337e-10},"primary_energy_mj":{"low":2.5200856362500003e-6,"central":0.000015120513817500001,"high":0.000054433852847500004},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"api","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"e1e35ffacd0da3ee30eff1c12ab898470192cc8f22afe7a5ce2b4f82ea008a76","rules":[],"notices":[]},"kind":"settled","seq":3}',X'48E96662A1B92C52FADFD63C6C45631BD580AB547B3EEEAD7DA8D0F41EC244DC');
INSERT INTO "ledger_entry" VALUES(4,'rcp_6886f6be4d650d12c080b1da',1,'reserved','9z2f9jabu3cr',1795959583811,'{"at_ms":1795959583811,"content":{"id":"rcp_6886f6be4d650d12c080b1da","attempt":1,"member_id":"9z2f9jabu3cr","door":"api","kind":"chat","model_id":"echo","created_ms":1795959583811,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":4}',X'7B967B2433C83F229BC8449E3D5B3AC659834F6D6DE44765877C709F50081E6F');
INSERT INTO "ledger_entry" VALUES(5,'blk_ddf40b37a940fcbd67a5',1,'block','',1795959583842,'{"at_ms":1795959583842,"content":{"id":"blk_ddf40b37a940fcbd67a5","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959583589,"t1_ms":1795959583842,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":18011340,"idle_uj":5422920,"unattributed_uj":0,"contended_uj":10829671,"parts":{"rcp_6886f6be4d650d12c080b1da":[569100,1189649,28455]},"idle_us":271146,"known_us":299601,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"7c0dc57abb08a022aad601dcd22a9ae7086006ec32a9e7b18a49c7c01e4f03e3","last":{"at_us":3991690394,"epoch":"6e2d78d6a6c1198a.0","counters_uj":{"declared":120328980}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":5}',X'B80C77CE42EA2C25B381257F24F23F0046BCCFAD07D1A0B1D9779442E8287531');
INSERT INTO "ledger_entry" VALUES(6,'rcp_6886f6be4d650d12c080b1da',1,'settled','9z2f9jabu3cr',1795959583842,'{"at_ms":1795959583842,"content":{"id":"rcp_6886f6be4d650d12c080b1da","attempt":1,"member_id":"9z2f9jabu3cr","door":"api","kind":"chat","created_ms":1795959583811,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":46,"cached":38,"decoded":12,"discarded":0},"durations":{"wait_ms":2,"wait_reason":"none","prompt_ms":1,"decode_ms":24,"total_ms":31},"energy":{"interval_uj":{"low":586249,"central":1758749,"high":3165749},"static_uj":569100,"dynamic_uj":1189649,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":28455},"impacts":{"gwp_g":{"low":6.748377377777777e-6,"central":0.000025355298083333336,"high":0.00008617872277777779},"water_l":{"low":1.9932466e-7,"central":1.7947545003611114e-6,"high":6.461645458888889e-6},"adpe_g_sb":{"low":3.9555522805555556e-12,"central":2.3733340672222223e-11,"high":8.544004801111111e-11},"primary_energy_mj":{"low":7.583375085416667e-7,"central":4.550030225416667e-6,"high":0.000016380112950833334},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"api","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"ed416200fc78645474a6f378583ab1c90a279307ec312ebcef89077b07f53c05","rules":[],"notices":[]},"kind":"settled","seq":6}',X'F898FCDFD9D150ED16320AF49C10F56174711B4146DEC62DE7FCB955BED6F93B');
INSERT INTO "ledger_entry" VALUES(7,'rcp_029454d024bf456631e188bf',1,'reserved','9z2f9jabu3cr',1795959583962,'{"at_ms":1795959583962,"content":{"id":"rcp_029454d024bf456631e188bf","attempt":1,"member_id":"9z2f9jabu3cr","door":"api","kind":"chat","model_id":"echo","created_ms":1795959583962,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":7}',X'E9B36A055EB183CEB56A423AFFC53480CC40DE23BD55CEAA7BDBD221251C21FB');
INSERT INTO "ledger_entry" VALUES(8,'blk_2ba08b9c0a8c3a62ee0a',1,'block','',1795959584098,'{"at_ms":1795959584098,"content":{"id":"blk_2ba08b9c0a8c3a62ee0a","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959583842,"t1_ms":1795959584098,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":15294100,"idle_uj":2873280,"unattributed_uj":0,"contended_uj":9050543,"parts":{"rcp_029454d024bf456631e188bf":[2240140,1130137,112007]},"idle_us":143664,"known_us":255671,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"151455de8a937941b52ec7467a5caac3e3ae31e8cce30ceb97f5ac50857cc774","last":{"at_us":3991946065,"epoch":"6e2d78d6a6c1198a.0","counters_uj":{"declared":135623080}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":8}',X'E9BAFED99364A3E3E20F29D49DEBCBD7E77319B10E5748680CEE3B5C3A846E8C');
INSERT INTO "ledger_entry" VALUES(9,'rcp_029454d024bf456631e188bf',1,'settled','9z2f9jabu3cr',1795959584098,'{"at_ms":1795959584098,"content":{"id":"rcp_029454d024bf456631e188bf","attempt":1,"member_id":"9z2f9jabu3cr","door":"api","kind":"chat","created_ms":1795959583962,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":52,"cached":38,"decoded":18,"discarded":0},"durations":{"wait_ms":22,"wait_reason":"none","prompt_ms":1,"decode_ms":36,"total_ms":135},"energy":{"interval_uj":{"low":1123425,"central":3370277,"high":6066499},"static_uj":2240140,"dynamic_uj":1130137,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":112007},"impacts":{"gwp_g":{"low":0.00001293187,"central":0.00004858816008333333,"high":0.0001651435838888889},"water_l":{"low":3.8196450000000003e-7,"central":3.439274059694445e-6,"high":0.000012382398514444446},"adpe_g_sb":{"low":7.579998125000001e-12,"central":4.548001573888889e-11,"high":1.6372806745555557e-10},"primary_energy_mj":{"low":1.453197046875e-6,"central":8.719187455416667e-6,"high":0.000031389076909166665},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"api","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"e5637cb4998937ea5aad23b8212d6d508b600d9dc7ae5784c1494bcaf06d4108","rules":[],"notices":[]},"kind":"settled","seq":9}',X'FAF423E80EFA859C18C88CCA154FACA95DA4DAFD45C25510B80A8F8A88776A41');
INSERT INTO "ledger_entry" VALUES(10,'rcp_94b2846c0e4d462f013de2c1',1,'reserved','4vp2qrrsgewf',1795959584238,'{"at_ms":1795959584238,"content":{"id":"rcp_94b2846c0e4d462f013de2c1","attempt":1,"member_id":"4vp2qrrsgewf","door":"api","kind":"chat","model_id":"echo","created_ms":1795959584238,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":10}',X'336E589507A5EAA9A55534EA803AFF03E8DBD180434AACD4B08F5B5C52D6A142');
INSERT INTO "ledger_entry" VALUES(11,'blk_3c59acb6cb1a1cc8f634',1,'block','',1795959584259,'{"at_ms":1795959584259,"content":{"id":"blk_3c59acb6cb1a1cc8f634","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959584098,"t1_ms":1795959584259,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":9617300,"idle_uj":2947320,"unattributed_uj":0,"contended_uj":5689548,"parts":{"rcp_94b2846c0e4d462f013de2c1":[269980,710452,13499]},"idle_us":147366,"known_us":160865,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"c138b79015e2f6b2d86c837a2188f3a7b36d0aed3a05dc0b7918d0c08781d1b1","last":{"at_us":3992106930,"epoch":"6e2d78d6a6c1198a.0","counters_uj":{"declared":145240380}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":11}',X'570F6A0C3A96ED70CFCC976409635CDD7A158085DBD347759F4A87F55D021DDF');
INSERT INTO "ledger_entry" VALUES(12,'rcp_94b2846c0e4d462f013de2c1',1,'settled','4vp2qrrsgewf',1795959584259,'{"at_ms":1795959584259,"content":{"id":"rcp_94b2846c0e4d462f013de2c1","attempt":1,"member_id":"4vp2qrrsgewf","door":"api","kind":"chat","created_ms":1795959584238,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":40,"cached":36,"decoded":6,"discarded":0},"durations":{"wait_ms":8,"wait_reason":"none","prompt_ms":1,"decode_ms":12,"total_ms":22},"energy":{"interval_uj":{"low":326810,"central":980432,"high":1764778},"static_uj":269980,"dynamic_uj":710452,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":13499},"impacts":{"gwp_g":{"low":3.7619462222222226e-6,"central":0.000014134561333333335,"high":0.00004804117888888889},"water_l":{"low":1.1111540000000001e-7,"central":1.000503621777778e-6,"high":3.6021079844444445e-6},"adpe_g_sb":{"low":2.2050596944444447e-12,"central":1.3230385155555557e-11,"high":4.7629397355555556e-11},"primary_energy_mj":{"low":4.2274235208333337e-7,"central":2.5364592866666667e-6,"high":9.131255501666666e-6},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"api","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"da8fc5ab328bf3df780a06df8068ec3f0e93bb2f9a332e2f0661f4be0b3e6e91","rules":[],"notices":[]},"kind":"settled","seq":12}',X'9FD6C0A8D52FB9C83CEFC86AA7595D7F3E95A35D7C62B70DBAB26F2456AC23E6');
INSERT INTO "ledger_entry" VALUES(13,'rcp_e84166e1979a17aa4803418f',1,'reserved','4vp2qrrsgewf',1795959584378,'{"at_ms":1795959584378,"content":{"id":"rcp_e84166e1979a17aa4803418f","attempt":1,"member_id":"4vp2qrrsgewf","door":"api","kind":"chat","model_id":"echo","created_ms":1795959584378,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":13}',X'84D0B976DA229227F801C4FBCFCDF2F4A975D2F1C246D958AB3742F52E84C3B0');
INSERT INTO "ledger_entry" VALUES(14,'blk_cd8581bc8fe317a00b2c',1,'block','',1795959584474,'{"at_ms":1795959584474,"content":{"id":"blk_cd8581bc8fe317a00b2c","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959584259,"t1_ms":1795959584474,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":12908460,"idle_uj":3096800,"unattributed_uj":0,"contended_uj":7504119,"parts":{"rcp_e84166e1979a17aa4803418f":[1211660,1095881,60583]},"idle_us":154840,"known_us":215423,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"0a0e02394fe8230d5a2a645b47c9d0f8125f41a8773f10d5d1aa0442ade33500","last":{"at_us":3992322353,"epoch":"6e2d78d6a6c1198a.0","counters_uj":{"declared":158148840}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":14}',X'F41F680596A6AC136F9EF3F2F4F5C7A192917B4923EF7BBE188CD654EA6CF43C');
INSERT INTO "ledger_entry" VALUES(15,'rcp_e84166e1979a17aa4803418f',1,'settled','4vp2qrrsgewf',1795959584474,'{"at_ms":1795959584474,"content":{"id":"rcp_e84166e1979a17aa4803418f","attempt":1,"member_id":"4vp2qrrsgewf","door":"api","kind":"chat","created_ms":1795959584378,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":46,"cached":38,"decoded":12,"discarded":0},"durations":{"wait_ms":34,"wait_reason":"none","prompt_ms":1,"decode_ms":24,"total_ms":95},"energy":{"interval_uj":{"low":769180,"central":2307541,"high":4153574},"static_uj":1211660,"dynamic_uj":1095881,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":60583},"impacts":{"gwp_g":{"low":8.854116444444445e-6,"central":0.000033267049416666666,"high":0.00011306951444444445},"water_l":{"low":2.6152120000000004e-7,"central":2.3547814921388893e-6,"high":8.477906042222223e-6},"adpe_g_sb":{"low":5.18982838888889e-12,"central":3.113898382777778e-11,"high":1.1210034717777779e-10},"primary_energy_mj":{"low":9.949663791666668e-7,"central":5.969800862083334e-6,"high":0.000021491284138333333},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"api","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"49b4d6e2341fcaa1c0b50628f79b5748077136a7390df17a6464c040474461a5","rules":[],"notices":[]},"kind":"settled","seq":15}',X'412182AA952CB7C5D8821E39B2C4F8E21A2F76ABBE32A581DD6B3410815B9DD8');
INSERT INTO "ledger_entry" VALUES(16,'rcp_e687372d0cef56710ab270e6',1,'reserved','4vp2qrrsgewf',1795959584604,'{"at_ms":1795959584604,"content":{"id":"rcp_e687372d0cef56710ab270e6","attempt":1,"member_id":"4vp2qrrsgewf","door":"api","kind":"chat","model_id":"echo","created_ms":1795959584604,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":16}',X'4C7312A4F9356FE37D91B56F469B2F044F4E1EF19A8DFEFA9D8C2299151A39B9');
INSERT INTO "ledger_entry" VALUES(17,'blk_a016a3c8ac53585656ed',1,'block','',1795959584654,'{"at_ms":1795959584654,"content":{"id":"blk_a016a3c8ac53585656ed","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959584474,"t1_ms":1795959584654,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":10594020,"idle_uj":2802320,"unattributed_uj":0,"contended_uj":6108004,"parts":{"rcp_e687372d0cef56710ab270e6":[791700,891996,39585]},"idle_us":140116,"known_us":179701,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"84a4efbcef7a547d4ae66bea1857f404a018171408e424c93c20774028cc97aa","last":{"at_us":3992502054,"epoch":"6e2d78d6a6c1198a.0","counters_uj":{"declared":168742860}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":17}',X'4AFD21DB4BD03C6C3D02B9B77F917272A189C702323BE68DDFCFAEFCC67F78F5');
INSERT INTO "ledger_entry" VALUES(18,'rcp_e687372d0cef56710ab270e6',1,'settled','4vp2qrrsgewf',1795959584654,'{"at_ms":1795959584654,"content":{"id":"rcp_e687372d0cef56710ab270e6","attempt":1,"member_id":"4vp2qrrsgewf","door":"api","kind":"chat","created_ms":1795959584604,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":52,"cached":38,"decoded":18,"discarded":0},"durations":{"wait_ms":9,"wait_reason":"none","prompt_ms":1,"decode_ms":36,"total_ms":50},"energy":{"interval_uj":{"low":561232,"central":1683696,"high":3030653},"static_uj":791700,"dynamic_uj":891996,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":39585},"impacts":{"gwp_g":{"low":6.460403911111111e-6,"central":0.000024273284,"high":0.00008250110944444445},"water_l":{"low":1.9081888e-7,"central":1.7181649986666668e-6,"high":6.185899512222223e-6},"adpe_g_sb":{"low":3.786757022222222e-12,"central":2.2720542133333333e-11,"high":8.179395707777779e-11},"primary_energy_mj":{"low":7.259769766666666e-7,"central":4.35586186e-6,"high":0.000015681103730833335},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"api","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"31e11d7e3d778801014a93bac46e0beac683327286dff513771a5b3c84d52e9d","rules":[],"notices":[]},"kind":"settled","seq":18}',X'C2661450AA66872B63548E9B932C92BFBFB01378656EC83AAF323D455734C613');
INSERT INTO "ledger_entry" VALUES(19,'rcp_1750cd32ddcf34d0950659a0',1,'reserved','udy3mubsag4n',1795959584791,'{"at_ms":1795959584791,"content":{"id":"rcp_1750cd32ddcf34d0950659a0","attempt":1,"member_id":"udy3mubsag4n","door":"api","kind":"chat","model_id":"echo","created_ms":1795959584791,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":19}',X'1935BB01DF02230DF3E5FD0ED56957F9EE8ACA621385E5C5FD5B8D824C84B9C5');
INSERT INTO "ledger_entry" VALUES(20,'blk_7354636e64643efa3343',1,'block','',1795959584807,'{"at_ms":1795959584807,"content":{"id":"blk_7354636e64643efa3343","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959584654,"t1_ms":1795959584807,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":9467640,"idle_uj":2803640,"unattributed_uj":0,"contended_uj":5420755,"parts":{"rcp_1750cd32ddcf34d0950659a0":[264000,979245,13200]},"idle_us":140182,"known_us":153382,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"dae282ce409dfdbc9b7acbaaa6b3ce5a12e6a3e00f72c3f088d52cfad3bc57e7","last":{"at_us":3992655436,"epoch":"6e2d78d6a6c1198a.0","counters_uj":{"declared":178210500}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":20}',X'C621B49A4BFC0A9A35C90814C06F735D02593AD27D0EE45BE58D1DC65970C9E7');
INSERT INTO "ledger_entry" VALUES(21,'rcp_1750cd32ddcf34d0950659a0',1,'settled','udy3mubsag4n',1795959584807,'{"at_ms":1795959584807,"content":{"id":"rcp_1750cd32ddcf34d0950659a0","attempt":1,"member_id":"udy3mubsag4n","door":"api","kind":"chat","created_ms":1795959584791,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":40,"cached":36,"decoded":6,"discarded":0},"durations":{"wait_ms":3,"wait_reason":"none","prompt_ms":1,"decode_ms":12,"total_ms":17},"energy":{"interval_uj":{"low":414415,"central":1243245,"high":2237841},"static_uj":264000,"dynamic_uj":979245,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":13200},"impacts":{"gwp_g":{"low":4.770377111111111e-6,"central":0.00001792344875,"high":0.000060919005},"water_l":{"low":1.409011e-7,"central":1.2686969879166667e-6,"high":4.56768213e-6},"adpe_g_sb":{"low":2.796150097222222e-12,"central":1.6776900583333332e-11,"high":6.03968421e-11},"primary_energy_mj":{"low":5.360630697916667e-7,"central":3.21637841875e-6,"high":0.000011578962307499999},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"api","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"6933ab55c479db00607a926c68021952ba53839d43e57d99cc6699cd90a7f3a6","rules":[],"notices":[]},"kind":"settled","seq":21}',X'AF9C681604F9CF3A0E0A6DD017017E1A022567B8ABA25CBE3AD1B886E496B174');
INSERT INTO "ledger_entry" VALUES(22,'rcp_aedeea618cf5ac1474d8f73a',1,'reserved','udy3mubsag4n',1795959584896,'{"at_ms":1795959584896,"content":{"id":"rcp_aedeea618cf5ac1474d8f73a","attempt":1,"member_id":"udy3mubsag4n","door":"api","kind":"chat","model_id":"echo","created_ms":1795959584896,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":22}',X'937517888E7EDA1645106E076131E5B619DA207FE5526732E26DD272412127A1');
INSERT INTO "ledger_entry" VALUES(23,'blk_874124e4b45107abb7ee',1,'block','',1795959584953,'{"at_ms":1795959584953,"content":{"id":"blk_874124e4b45107abb7ee","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959584807,"t1_ms":1795959584953,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":8710300,"idle_uj":2346500,"unattributed_uj":0,"contended_uj":4912559,"parts":{"rcp_aedeea618cf5ac1474d8f73a":[563800,887441,28190]},"idle_us":117325,"known_us":145515,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"b93233e47e0ac3844c62b90679855f1c8dfb482014c8d9d451a32dfc4a582563","last":{"at_us":3992800951,"epoch":"6e2d78d6a6c1198a.0","counters_uj":{"declared":186920800}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":23}',X'B8F162979FFD120D58FD34A50CBA328E379A8356F870EBA3F582C09088FB1554');
INSERT INTO "ledger_entry" VALUES(24,'rcp_aedeea618cf5ac1474d8f73a',1,'settled','udy3mubsag4n',1795959584953,'{"at_ms":1795959584953,"content":{"id":"rcp_aedeea618cf5ac1474d8f73a","attempt":1,"member_id":"udy3mubsag4n","door":"api","kind":"chat","created_ms":1795959584896,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":46,"cached":38,"decoded":12,"discarded":0},"durations":{"wait_ms":28,"wait_reason":"none","prompt_ms":1,"decode_ms":24,"total_ms":57},"energy":{"interval_uj":{"low":483747,"central":1451241,"high":2612234},"static_uj":563800,"dynamic_uj":887441,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":28190},"impacts":{"gwp_g":{"low":5.568465466666667e-6,"central":0.00002092205775,"high":0.00007111081444444445},"water_l":{"low":1.6447398e-7,"central":1.4809511282500001e-6,"high":5.331859842222222e-6},"adpe_g_sb":{"low":3.2639485083333337e-12,"central":1.958369105e-11,"high":7.050129317777778e-11},"primary_energy_mj":{"low":6.257469006250001e-7,"central":3.75448140375e-6,"high":0.000013516134088333333},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"api","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"efee1098e935043bb90629bbbb935b119a3763423f7b39c6336e7fec3dd7f4cb","rules":[],"notices":[]},"kind":"settled","seq":24}',X'1D4E9E0E968F6DD009A13D9DACAEBB8BDFB13AFD2361C2DB13D74DF1008D5D81');
INSERT INTO "ledger_entry" VALUES(25,'rcp_fe121cead0113d1dac5a5270',1,'reserved','udy3mubsag4n',1795959585079,'{"at_ms":1795959585079,"content":{"id":"rcp_fe121cead0113d1dac5a5270","attempt":1,"member_id":"udy3mubsag4n","door":"api","kind":"chat","model_id":"echo","created_ms":1795959585079,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":25}',X'419710623FF61117987860D3E242A9C7C7BBDEAB4E9CC6EE01199E46B79BD596');
INSERT INTO "ledger_entry" VALUES(26,'blk_78aaab1f4919085ef3e8',1,'block','',1795959585122,'{"at_ms":1795959585122,"content":{"id":"blk_78aaab1f4919085ef3e8","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959584953,"t1_ms":1795959585122,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":10196080,"idle_uj":2582020,"unattributed_uj":0,"contended_uj":5607198,"parts":{"rcp_fe121cead0113d1dac5a5270":[814060,1192802,40703]},"idle_us":129101,"known_us":169804,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"b60d44266de69bba5b5651d115672d58e1090fb1c80b481bccd8f1f8ce5f63cd","last":{"at_us":3992970755,"epoch":"6e2d78d6a6c1198a.0","counters_uj":{"declared":197116880}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":26}',X'A7BE1BAC35457C6ACCDD03F42C512C4C9CD7F0F21BAE054F0C0CA45FDD7835AD');
INSERT INTO "ledger_entry" VALUES(27,'rcp_fe121cead0113d1dac5a5270',1,'settled','udy3mubsag4n',1795959585122,'{"at_ms":1795959585122,"content":{"id":"rcp_fe121cead0113d1dac5a5270","attempt":1,"member_id":"udy3mubsag4n","door":"api","kind":"chat","created_ms":1795959585079,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":52,"cached":38,"decoded":18,"discarded":0},"durations":{"wait_ms":2,"wait_reason":"none","prompt_ms":1,"decode_ms":36,"total_ms":43},"energy":{"interval_uj":{"low":668954,"central":2006862,"high":3612352},"static_uj":814060,"dynamic_uj":1192802,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":40703},"impacts":{"gwp_g":{"low":7.700403822222222e-6,"central":0.000028932260500000003,"high":0.00009833624888888888},"water_l":{"low":2.2744436000000002e-7,"central":2.0479469248333338e-6,"high":7.373211804444444e-6},"adpe_g_sb":{"low":4.513581294444445e-12,"central":2.7081487766666668e-11,"high":9.749336675555556e-11},"primary_energy_mj":{"low":8.653198720833334e-7,"central":5.191919232500001e-6,"high":0.000018690911306666667},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"api","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"955e1fae84c15572aa1a93745d580deb1837a29ca3bcddd63b825a9a268e558e","rules":[],"notices":[]},"kind":"settled","seq":27}',X'D5A90A0CC227FE735FF838A852FCEAE40C750DA50C5584CBF564552723ADF249');
INSERT INTO "ledger_entry" VALUES(28,'rcp_e5f02eb66e78cbe36b177878',1,'reserved','pxzygnang22k',1795959585833,'{"at_ms":1795959585833,"content":{"id":"rcp_e5f02eb66e78cbe36b177878","attempt":1,"member_id":"pxzygnang22k","door":"web","kind":"chat","model_id":"echo","created_ms":1795959585833,"tokens":1024,"workshop":"web","use":"","energy_uj":null},"kind":"reserved","seq":28}',X'9B92EBB39F8CBCAD804CACE21E565FAA71E22CAFE2482073563482B45C35AA44');
INSERT INTO "ledger_entry" VALUES(29,'blk_b0aef3c70a69b2f79930',1,'block','',1795959585862,'{"at_ms":1795959585862,"content":{"id":"blk_b0aef3c70a69b2f79930","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959585122,"t1_ms":1795959585862,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":44190880,"idle_uj":14514620,"unattributed_uj":0,"contended_uj":25531048,"parts":{"rcp_e5f02eb66e78cbe36b177878":[276260,3868952,13813]},"idle_us":725731,"known_us":739544,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"d42f23442a51108acd2f5a030c9ef72f6a8f3754306f2bed3a7ece02c8a93831","last":{"at_us":3993710299,"epoch":"6e2d78d6a6c1198a.0","counters_uj":{"declared":241307760}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":29}',X'5179BFDF71C59476366768025E823169406C8665652C32CD7045D3F76662B165');
INSERT INTO "ledger_entry" VALUES(30,'rcp_e5f02eb66e78cbe36b177878',1,'settled','pxzygnang22k',1795959585862,'{"at_ms":1795959585862,"content":{"id":"rcp_e5f02eb66e78cbe36b177878","attempt":1,"member_id":"pxzygnang22k","door":"web","kind":"chat","created_ms":1795959585833,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":40,"cached":33,"decoded":6,"discarded":0},"durations":{"wait_ms":16,"wait_reason":"none","prompt_ms":1,"decode_ms":12,"total_ms":31},"energy":{"interval_uj":{"low":1381737,"central":4145212,"high":7461382},"static_uj":276260,"dynamic_uj":3868952,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":13813},"impacts":{"gwp_g":{"low":0.000015905328133333335,"central":0.00005976013966666667,"high":0.0002031153988888889},"water_l":{"low":4.6979058000000007e-7,"central":4.230073701222223e-6,"high":0.000015229509704444446},"adpe_g_sb":{"low":9.322886591666668e-12,"central":5.593733304444445e-11,"high":2.0137440975555556e-10},"primary_energy_mj":{"low":1.7873343818750002e-6,"central":0.000010724008878333335,"high":0.00003860643403166667},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"web","use":"","prefix":{"version":"1","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"e0a72a4250ccd6fd978f25e7887e02dcc47e52c4ad74d0135effc903238a80b4","rules":[],"notices":[]},"kind":"settled","seq":30}',X'74E04165398057F8EF7BEED918A2200C3DD9DA84F2157256454780DF407E8A79');
INSERT INTO "ledger_entry" VALUES(31,'blk_4c88646738a27209cff1',1,'block','',1795959586120,'{"at_ms":1795959586120,"content":{"id":"blk_4c88646738a27209cff1","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959585862,"t1_ms":1795959586120,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":15704520,"idle_uj":5163000,"unattributed_uj":719565,"contended_uj":9821955,"parts":{},"idle_us":258150,"known_us":258150,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"1e7bd341694488d09ce95a3126789c184a414b5b59c0998c60569d4e522c82aa","last":{"at_us":3993968449,"epoch":"6e2d78d6a6c1198a.0","counters_uj":{"declared":257012280}},"clean":true,"signed_by":"","signature":""},"kind":"block","seq":31}',X'11234D94779E35CE425B967EC30A66B5EC9E5B474D4C183BC41372A293A7616E');
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
INSERT INTO "machine_day" VALUES('2026-11-29','vm','declared','grid-2026-11/FRA','estimated',257012280,24791873,78072000,719565,153428842,85670758,462622104,379938,3903600,4283538,0);
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
INSERT INTO "member" VALUES('9z2f9jabu3cr','Odile','odile','operator',NULL,'fr',1795959583380,NULL);
INSERT INTO "member" VALUES('4vp2qrrsgewf','Karim','karim','member',NULL,'fr',1795959584129,NULL);
INSERT INTO "member" VALUES('udy3mubsag4n','Anne','anne','member',NULL,'fr',1795959584671,NULL);
INSERT INTO "member" VALUES('pxzygnang22k','Bilal','bilal','member','$argon2id$v=19$m=19456,t=2,p=1$0vZLpopY2PbVaVdzRoVDhg$2o7Tzo+C4ZnMQPgOw2FbtzYhXCrpSJ2G6pLXAun1dfU','fr',1795959585463,NULL);
CREATE TABLE node (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	owner_id VARCHAR NOT NULL, 
	owned_by VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	trust INTEGER NOT NULL, 
	public_key VARCHAR NOT NULL, 
	box_key BLOB NOT NULL, 
	machine_id VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	decided_ms INTEGER, 
	decided_by VARCHAR, 
	revoked_ms INTEGER, 
	seen_ms INTEGER, 
	policy TEXT NOT NULL, 
	policy_serial INTEGER NOT NULL, 
	max_watts FLOAT, 
	PRIMARY KEY (id), 
	UNIQUE (name), 
	UNIQUE (public_key)
);
CREATE TABLE node_day (
	node_id VARCHAR NOT NULL, 
	day VARCHAR NOT NULL, 
	requests INTEGER NOT NULL, 
	lost INTEGER NOT NULL, 
	own_requests INTEGER NOT NULL, 
	decoded_tokens BIGINT NOT NULL, 
	energy_uj BIGINT NOT NULL, 
	served_us BIGINT NOT NULL, 
	PRIMARY KEY (node_id, day)
);
CREATE TABLE node_file (
	node_id VARCHAR NOT NULL, 
	model_id VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	done_bytes BIGINT NOT NULL, 
	problem VARCHAR NOT NULL, 
	given_ms INTEGER NOT NULL, 
	changed_ms INTEGER NOT NULL, 
	PRIMARY KEY (node_id, model_id)
);
CREATE TABLE node_invitation (
	token_sha256 BLOB NOT NULL, 
	owner_id VARCHAR NOT NULL, 
	created_by VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	expires_ms INTEGER NOT NULL, 
	used_ms INTEGER, 
	node_id VARCHAR, 
	PRIMARY KEY (token_sha256)
);
CREATE TABLE reading_block (
	id VARCHAR NOT NULL, 
	machine_id VARCHAR NOT NULL, 
	t0_ms INTEGER NOT NULL, 
	t1_ms INTEGER NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "reading_block" VALUES('blk_f493c9cb1e26bda96f43','vm',1795959581836,1795959583589,X'789C9D92DB8EE3200C86DF85EBA882A4859057A92AC47248D8498001B29951D5771F93CEA1DBBD5BEEFC63FBFF6CB822E76D40C315398D06A48D9A65321A35E8C5F92745853F2665349CD122D5E4BC419706BDAE7276E51D324D2E6E91654F9DC326AC54252434E043F7741A34B971FA4E2087BE418B2953A886939CAD7870AD59B902DA759EC5264B8D283EE0069067F3A5B4BB12535026E75031DB5B83B6246316EB6FA887C858EB94335EBD5753485F9C171BCC09B40B5410FCD574DD6AC7FB8134F9F66303A796CEC18F30F163B9074070B12EE5528165112BC81DEF39ED8F9C102088414D302435AD66BDA6922A42782F0F78DFEFEA0B6CF8CEFBB3F901D7AE2119377A11E37217EED9707BBEA264A4767EFCCB94938E63C6BBFF3525B8ED08A3C77FCC79DB6146408DF8694FC9BCAEB093FCC9B40762FF57494541AC21B8B347461927ECA47F61CA9922152217991EB8293EB113707BFD38CB91F5FB032FB188125E8C87AB23B80272D0467F6B14FEAE8C51D69FD7429B0DD0A7F2F9E27294F0E6B5EBF972BBD4E208D6FB1A211A654483957336B7CBED033AB3F9AA');
INSERT INTO "reading_block" VALUES('blk_ddf40b37a940fcbd67a5','vm',1795959583589,1795959583842,X'789C9D92D16EEB200C86DF85EBA802D2D224AF5255C80392B025C0809C9CA9CABBCF64EB56F5DC1DEEECFCB63FFFF18D58D77BD2DD88D5A423DAA809A2D1A4226FD63D6594FF636222DD85CCA046EB0CB956E47D81C9E60F549A94ED0C79974E7E953DA8EC23E9E8A17E7A1519ED30FE08D8A1A9C86CF2E8CBC011A65E3E4C2DAA5400FB659AE40AB944821E6885C893B967F89E09D12B93922F987CABC81A2124B9BC623D46A6EFADB2C6A98F3214E5B37572C53D9176C60A46EF4D97B574FC7A2883BFBF63F095D2C9BB01377E2C770888537A1B532EC090E582E9BA6D59DDD2738B7B9BE0D5884B0AC3F5B9D1028462AC6DE040777F1797D1E12FDE5FE7918BD7EC2C8EB474F7D1D8C1C91066D2B5BCA667B6DD4B517AB99168405B373C118896D6EDF1BF0938AD79D336FF1250842B4E07FA645A34EF0B1A94BE99F640EE47165590A269442F5ECC518B13D58C2BDAD017A601215286F8C02D9838156EA71F7761B4DDFFF61CB2CCFECD38FC845784C45E1BFD93621C0F1942807286FC840781E863FEFEFD30001E40E97AB96ED7521D70F46E23460304D2F53025B35DB74F5078FCC9');
INSERT INTO "reading_block" VALUES('blk_2ba08b9c0a8c3a62ee0a','vm',1795959583842,1795959584098,X'789C9D92DB8EE3200C86DF85EBA82224A59057A92AC47048D826C000D9ECA8EABBAF4977B655F76E7D67CB87CFBF7D43CEDB80861B721A0D481B35CB64346AD0D5F9B7880A3F4DCA6838A345AAC979832E0DFA5CE5ECCA17649A5CDC22CB9E3A874D58A94A4868C087EECD1A34B971FA9BD01E58831653A650074E72B6E2656ACDCA15D0AEF32C3659AA47F10137803C9BEF08D923310565720E1593DC1BB42519B3587F403D78C65AA79CF1EAAB0E85F4C579B1C19E40BB40458BBF9BAE5BEDF8304893BF9E63C06AE91CFC081BBF967B008429D6A55C2AB02C628570C7794B39EE780F0431A80996A486E813D35452D5B69CC903DEF55D7D01851FBC4FE58796E08E30CE70ED1E9271A317312E68E0B8C5A4EEF92885D4F30D2523B5F3E31B01EF29A6C7FF26E88E9474F85F02C618E79520E237D192F95C41A0FC876977C4FE6449458109EF8FBDC6A4FFB0FD91D2AE352D631F16207291E9C9CDBAEEC4A09DF1FA6597E3899DF66B2FB18812AEC6D7F381C0801CB4D1CF18BCD655C628EB1F8256A0C006F4131C88D433CA51C20FD4C6E7CBFD52EB234CDF95046F94110D56CED9DC2FF7DFEDB2FCFD');
INSERT INTO "reading_block" VALUES('blk_3c59acb6cb1a1cc8f634','vm',1795959584098,1795959584259,X'789C9D92C172E3200C86DF85B32703D8A1C6AF92C9305AC0365B1B28C6F5763279F70AA76DB239EC617593F8257D12BA10E7FB40BA0B718674C4583D41B28654E4D5F9A7880EEF362DA43B9119F4E8BC25E78ABCAD30B9FC814ABB643743DEA553D8540F3A87443A7AA89FAC22A31BC61F013BB415996D1E436938C2D4AB87AE45B514C07E9D26B5412E9EA0075A21F264BF237C8FC414B45D965030F9B5225B82B8A8F537E6A367FBDE6967BDFE284D513E3BAF369C136967CC60F4BBE8BA958A374319FCB9B7412BA953F0034EFC98EE1110BBF42E2DB90043562B866B29996C0415472488418F38A4B0DCBCB44680D08CC9160E74DFEFEA336EF8C67BDF7CC7EAA3E0356D69A91E9275835731CEA46BDB56CA32E72D15A5A70B49168CF3C3DF049C51216BFADF04CD9137B4FE0741A44F4B4BF66DC5052D5F4CBBA3F6234B3A2AD9FCE26D2334B58D6904EF29AB8DE59A21C49221DDB9A9ACD94BE1F6E6711621E4FEDB73CC2A8757EBF1A9A90A7130D6FC8404DE31C408E50A293F32BC08641FF17B78F94418002FA0943D9DAFE7921EB1F7BE47F40688A4EB615AECF57CFD044D77FCE9');
INSERT INTO "reading_block" VALUES('blk_cd8581bc8fe317a00b2c','vm',1795959584259,1795959584474,X'789C9D92DD6EEB200CC7DF85EBA802F2519257A92A641192B025C0802C67AAF2EEC764EB5AF5DC1DDFD9F86FFF6C7C23C60E8E7437627AD2915EAB1982EE4941DE8D7D8928F7A94324DD852CA0266335B916E46385D9A42FCCD4319905D2913ABB4D0EA0920BA4A3A7F2C50A329971FA4D6027519045A7C9E58613CC837CEA9AB362061CD679961BA4EC35F4440B449EF53DC28F880F4EE9185DC6E47B41B6003ECAF50DF5E8E96130CA68ABBE72534C5F8C951BCE89B40B2A18BD175DB75CF1DB300DFE3CDAA065E9ECEC88133FCB2D026297C18498323024B962B86C5BCE68D396A8D2DEA909876C34EFCFA26FA0518CB5024EF4D8EF6A136EF89BF7B1F98E5535AF682968AEEE8236A395DE2FA4134260F1FD2EC5D4CB8D040DBDB1E30B41C9795997FF4D500B560951FD4B70E6F5391378FAB2B4A03F565C50FC613A1C791C59505E6A51B1A6D1AC3DB7C0CE0095A065C5C4801031417870F386D52C6FCEF6CFB3D0B63C7E7BF14926F7AE2D3EE11521B1EB75FF1B621C0F19BC877C8694D70C4F02E127FC1F9E7F1146C013C8752FD7FD9AF51E9B1F8B446F044FBA01E6A8F7EBFE17F688FCB1');
INSERT INTO "reading_block" VALUES('blk_a016a3c8ac53585656ed','vm',1795959584474,1795959584654,X'789C9D924B8EDB300C86EFA2B511C8F24BF15582406025DA56634B1A599E7410E4EEA59C4E1304E8A6DC91F8497E7CDC98758367FD8D59C37A6650CF10D1B0825DAC7B8B68FF897165FD892DA027EB909D0BF6B1C16CD31729714D7681B44B677F5503E8E423EBF9A17AB3824D769CFE0ACA832CD88269F2B9E104F3A05EBA66D59A01876D9ED51552F65A7EE00521CFF81D117B2444AF715D7DC614F7825D2384556D3F299F3C1C06AB2D3AFD959B927CB14E5D694EA25D28A3E4DF45B76BAEF83092C1AF671BB29C3A7B37D2C4AFE98E00A9CB60E39A323024B551B83A1E452544D5D0DC18BC9E68C81685E9A469A1D565799470E0FB7E379768C30FDEE7E6FBB291652D65CD73751FD18E4E85B0B05E76A2E9F29C8F54929E6E2C2218EBC63782860BDED4FF4DD0CAAE16B2FD3741E06F4B8BF8B1D182D63F4CBBA3F6278B3A28A48255270CD738346D5772F8213A8E2D41AC09E293BB6E85283BE276E665965272B15F7B0949257F4197CF47E311B237689E317AAD0B8400F90F79255AFA09A29FE840229F1146A01FC8854FE7FB39E707EABE6F92BC1102EB079857BC9FEFBF0122ABFD42');
INSERT INTO "reading_block" VALUES('blk_7354636e64643efa3343','vm',1795959584654,1795959584807,X'789C9D92DB8EE3200C86DF85EBA82224218757A92A6401499826C00099ECA8EABBAF49E75075EF963BFFF8B73F1B6EC4D8D191E1468C2203515A2E10B42205B91AFBA248F7A14324C399AC20676335B914E47D83C5A44FCCD4319915D291BAB85D8C20930B64A0A7EAE5146436D3FC93509EBA82AC3ACD2E379C6119C553D79C1533E0B82D8BD821E588D3132D1079D1DF0A3B141F9CD431BA8CC9EE05D903F828B637F463A4C7D148A3ADFCCC4D317D3556EC3827D2AEE828E977D16DCF151F07D3E0CF6F1B3CD9BA383BE1C4CF768B80D8653421A60C0C496C28577DCF1ACA685323817772C621B966AAED14072ECBB2EFE0448FFD6E36E1861FBCBF9B1F4ADEB535EB38CDD55DD066B2C2FB950C5DCB9A36CFF9B062EAF946820665ECF442C09BA6AEF87F13B41D2B6943FF25A879DF57A87AFAB2B4A0DF375C50FC623A02717CB220BD28DB864A5531A5E458D58AF60DE54D0F192226084FDC35D231E4B6EA7996326BF8DAAB4F22B9ABB67885FB4562A7B4FA9170E02B780FF917D2AA42CF8EEC333E0FCB8F0813E00FC865CF97FB25DB3DF63EF688D1049E0C232C51DF2FF7BF46D6FCE8');
INSERT INTO "reading_block" VALUES('blk_874124e4b45107abb7ee','vm',1795959584807,1795959584953,X'789C9D92CD8EE3200CC7DF85735401693E5FA5AA220B9C849D041842263BAAF2EE6BD2EDB4EA610FEB9BCDDFF6CFC637666CEF587B6346B39669541304D42C631FC6BE4594FBC2B0B0F6C26650A3B1C8AE19FB5C6132F19B94B84433433CA493DBBA1E547481B5FC94BF59C646338C3F0271AA3336631C5D6A38C2D4772F5D936A4980FD3A4DDD063179253FF18C90277C44E411F1C1295C169730E59EB12D805FBAF517E593877D6F9441ABBE535392CFC6761BCD49B4336508FE28BA6EA9E2DD4806BF9F6DC852EAE4EC4013BFA65B02A42EBD094B4CC010BB95C279D3C8B228CE794904DEA991862C51EAAAD625944A88A686133FF6BBDA481BBEF33E37DF8AAA9682179CA7EA2EA0196CE7FDCCDAFA5C364DBE3F52497AB9B180A08D1DDE086ACE9B42FC37415D3692D7FF20F0FC6D69013F575AD0F297E970BAE3C882F21DA0468452D4AA2F40897375D6755FE540104B84F0E4AE2A59482A8756BFCE5289FB6FCF3E76D17DA0A527BA2222761AF54F48483A64F01ED219F23C277723F891FE47A65F8401E80452DDCB75BFA67C4FCD8F45923780676D0FD382FB75FF03E354FE09');
INSERT INTO "reading_block" VALUES('blk_78aaab1f4919085ef3e8','vm',1795959584953,1795959585122,X'789C9D92DB8EA3300C86DF25D7A84A42818457A92A642501B2852413C2B2A38A771F87996EABEEDDFACED66FFBF3E14EACEB3D69EFC46AD2126DD404D16852909B756F11E57F9BB890F6426650A375865C0BF2B1C264D3272ACD92EC0CE9904E7EEB7A50C947D2D253F9660519ED30FE15B09328C86CD2E873C311A6BE7BE99A554B06ECD769EA3648D9ABE98916883C9947841F9110BD32CBE23326DF0BB245084BB7FEC27CF44CDF5B658D539FB929CA67EBBA0DE744DA1933187D145DB75CF1DB50067F9E6DD072EAE4DD8013BFA63B04C42EBD8D4BCAC090BA15C3A5945C502A2B8604C1AB1187AC0DD78DD035D48A3129E0448FFDAE2EE186BF799F9B6F99A825A7582357F7D1D8C17521CCA415E75ACA727FA4A2F47227D180B66E7823900D6DAAEABF0964C3582DC4BF04FC5C0981D140DF9616CDC78A0B5A7E980EA73B9E2CAAD0F58671A6909432566AA6415550F126432C09E20B3797A2E4C8EDF4EB2C55591DD79E43EA92BF1997CF772E32B2D7463F63F85A370801F21FD252E20D36A41FF1403C9F1106C01FC8852FD7FD9AF303763F3689DE0081B43D4C8BD9AFFB17A043FDE8');
INSERT INTO "reading_block" VALUES('blk_b0aef3c70a69b2f79930','vm',1795959585122,1795959585862,X'789C9D925193A3200CC7BF0BCF4E07B402FA553A1D8762546E1558C0F3763AFDEE1BDCEDB6D77BBBBC25FC93FC127225C60E8EB457627AD2921EF4AC02F4A4206FC6BE44B4FB0D2192F64416A52763819C0BF2BEAAD9A40F54424C66516997CE6EEB06A5930BA4A587EAC50A329971FA11B0832CC8026972B9E1A4E6A17BEA9A5531030EEB3C779B4AD9E3F4400B449EE11E29F7880F4E438C2E6396B7826C41F9D8ADBF301F3D1806A30D58FD919BA27C31B6DB704EA45D3083D17BD175CB15BF0C65EACFA30D5A4E9D9D1D71E2E7748B80D8653021A60CAC52B762B86A9AB21154D4351278A7271C9243D90BD973C535638D5407BAEF77B50937FCC5FBD87CCB1AC1189792E6EA2E80196DE7FD425A591E6B296FF754949EAE2480EA8D1DFF26A804A365D3FC2F417964151582FF4BC0E5915618F5F4656901DE575C50FC66DA9D6E3FB2A07D07F5404BB8700E42EA0B54FCC284904222444C2A3CB879C3CB0AEF036CFF3C0BADD9FEDB8B4F5D726F60F1491499D8F5D0FF8438DEB1F25EE52BA4953CE24520FB84DF53E64F54A3C20BC8654FE7DB39A77BECBDEF11BD5179D20E6A8E703BDF3E019950FD47');
INSERT INTO "reading_block" VALUES('blk_4c88646738a27209cff1','vm',1795959585862,1795959586120,X'789C9D92DD6EC3200C85DFC5D751044996BF5799AA081148D8085020CBAA2AEF3ED3AA6B95DDCD77B68EEDCF47BE8232D2427F0535420FA3E09A793142069FCA1C2ADC7E091FA07F8785F1591901A70CCE2BD32A5E502942540B8B37A9B6DB20198FD6434FF2F21019CC6A9A7F05346F3358449C6D5A38332D8797AD491512A05CB51E36165356939C6488ACC5A352DC2ACE5B2E42B009B3D833D83C7361583FB01F3321A5E24A187E494B51BE28336C7827D22ED841C963E8BAA589F74019FB7EAEC148ADDA9A092F7E6D3708885BA4F2212660168715CB65D7950D2545D72181B37CC6236B518C4D3BD6ACE694762DCBC9CDDFD54474F8CEFB74BE2F2A5A92A6A9499A6EBD5093199C5BA06FEBB622E5FE6845E9FB15BC60A332D381A04369F57F82B786D0A268FF1074256DAA5475E4609A17E7150D4AFF826F320AC7FC9D10B38939E825D341ECA7FD075E4DCA38');
CREATE TABLE receipt_salt (
	request_id VARCHAR NOT NULL, 
	member_id VARCHAR NOT NULL, 
	salt BLOB NOT NULL, 
	PRIMARY KEY (request_id)
);
INSERT INTO "receipt_salt" VALUES('rcp_1fe103f47679175db0697c10','9z2f9jabu3cr',X'D067FC612C7FF90DAD80E6586098DF02');
INSERT INTO "receipt_salt" VALUES('rcp_6886f6be4d650d12c080b1da','9z2f9jabu3cr',X'D02744C9818E2F7D15CD865E3DAD4E40');
INSERT INTO "receipt_salt" VALUES('rcp_029454d024bf456631e188bf','9z2f9jabu3cr',X'3E20BBF2B7FB3872BFCC268B462FE117');
INSERT INTO "receipt_salt" VALUES('rcp_94b2846c0e4d462f013de2c1','4vp2qrrsgewf',X'105BCC8D26D807DBDBA71AB27545A6C7');
INSERT INTO "receipt_salt" VALUES('rcp_e84166e1979a17aa4803418f','4vp2qrrsgewf',X'C2A5A13230567D552FE0E42B21C16908');
INSERT INTO "receipt_salt" VALUES('rcp_e687372d0cef56710ab270e6','4vp2qrrsgewf',X'41334ECFD77E4CE14ECAD43790295766');
INSERT INTO "receipt_salt" VALUES('rcp_1750cd32ddcf34d0950659a0','udy3mubsag4n',X'3F99C02D96A85DD8C876D621BDE38791');
INSERT INTO "receipt_salt" VALUES('rcp_aedeea618cf5ac1474d8f73a','udy3mubsag4n',X'140E989E9785E6BFE3F8E5B7C802BCA1');
INSERT INTO "receipt_salt" VALUES('rcp_fe121cead0113d1dac5a5270','udy3mubsag4n',X'D84FDD74B0D5CCABEBC53AE86AC8F78F');
INSERT INTO "receipt_salt" VALUES('rcp_e5f02eb66e78cbe36b177878','pxzygnang22k',X'5051B3BB25BF7F0E68DA1254E79CEC59');
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
INSERT INTO "session" VALUES('wzwbpqxavz5r',X'A67D3AD8680396A11631A18D812A980D19886BE3B487A36E45E6DAD6D7AB9241','pxzygnang22k','',1795959585463,1795959585463,1803735585463,NULL);
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
INSERT INTO "turn" VALUES('v2gaf9ncz54q',1,'user','Combien de stères par foyer ?',NULL);
INSERT INTO "turn" VALUES('v2gaf9ncz54q',2,'assistant','Combien de stères par foyer ?','rcp_e5f02eb66e78cbe36b177878');
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
INSERT INTO "usage_day" VALUES('total','','2026-11-29','vm','grid-2026-11/FRA','estimated',10,0,0,0,454,114,7598760,17193113,0,0,8263955,44625375,379938);
INSERT INTO "usage_day" VALUES('member','9z2f9jabu3cr','2026-11-29','vm','grid-2026-11/FRA','estimated',3,0,0,0,138,36,3407300,7566344,0,0,3657880,19752561,170365);
INSERT INTO "usage_day" VALUES('model','echo','2026-11-29','vm','grid-2026-11/FRA','estimated',10,0,0,0,454,114,7598760,17193113,0,0,8263955,44625375,379938);
INSERT INTO "usage_day" VALUES('workshop','api','2026-11-29','vm','grid-2026-11/FRA','estimated',9,0,0,0,414,108,7322500,13324161,0,0,6882218,37163993,366125);
INSERT INTO "usage_day" VALUES('member','4vp2qrrsgewf','2026-11-29','vm','grid-2026-11/FRA','estimated',3,0,0,0,138,36,2273340,2698329,0,0,1657222,8949005,113667);
INSERT INTO "usage_day" VALUES('member','udy3mubsag4n','2026-11-29','vm','grid-2026-11/FRA','estimated',3,0,0,0,138,36,1641860,3059488,0,0,1567116,8462427,82093);
INSERT INTO "usage_day" VALUES('member','pxzygnang22k','2026-11-29','vm','grid-2026-11/FRA','estimated',1,0,0,0,40,6,276260,3868952,0,0,1381737,7461382,13813);
INSERT INTO "usage_day" VALUES('workshop','web','2026-11-29','vm','grid-2026-11/FRA','estimated',1,0,0,0,40,6,276260,3868952,0,0,1381737,7461382,13813);
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
INSERT INTO "usage_people" VALUES('2026-11','echo','api','vm','',0,'9z2f9jabu3cr');
INSERT INTO "usage_people" VALUES('2026-11','echo','api','vm','',0,'4vp2qrrsgewf');
INSERT INTO "usage_people" VALUES('2026-11','echo','api','vm','',0,'udy3mubsag4n');
INSERT INTO "usage_people" VALUES('2026-11','echo','web','vm','',0,'pxzygnang22k');
CREATE INDEX ledger_by_member ON ledger_entry (member_id, seq);
CREATE INDEX conversation_by_expiry ON conversation (expires_ms);
CREATE INDEX conversation_by_member ON conversation (member_id);
CREATE INDEX reading_block_by_time ON reading_block (machine_id, t1_ms);
CREATE INDEX usage_by_day ON usage_day (dimension, day);
COMMIT;
