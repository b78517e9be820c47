package main

import (
	"example.com/pulumi-costack/sdk/go/costack"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func acme() costack.TenantArgs {
	return costack.TenantArgs{
		Tenant:      "acme",
		Client:      "acme-consulting",
		Environment: costack.EnvironmentProduction,
		Tier:        "shared-namespace",
		Region:      region,
		ServiceLine: serviceLine,
		Hostname:    "acme.odoo.example.com",
		Options:     costack.OptionsArgs{Users: 8},
	}
}

func meridian() costack.TenantArgs {
	controls := costack.ControlsEnhanced
	return costack.TenantArgs{
		Tenant:        "meridian",
		Client:        "meridian-group",
		Environment:   costack.EnvironmentProduction,
		Tier:          "cross-region-backup",
		Region:        region,
		ServiceLine:   serviceLine,
		Hostname:      "meridian.odoo.example.com",
		DataResidency: []string{region, second},
		Options: costack.OptionsArgs{
			Users:       70,
			DrRegion:    pulumi.StringRef(second),
			Controls:    &controls,
			EgressCidrs: []string{"203.0.113.0/24"},
		},
	}
}

func platform() costack.PlatformArgs {
	return costack.PlatformArgs{
		Portfolio:          "example",
		Currency:           "USD",
		Region:             region,
		ServiceLine:        serviceLine,
		DeletionProtection: false, // this example must be able to end; true everywhere else
		Images: costack.ImagesArgs{
			// Your own build on the official odoo:18.0, with the module session_redis.
			Odoo: costack.OdooImageArgs{
				Image:      "registry.example.com/odoo@sha256:1d0e6b8f2c3a4d5968778695a4b3c2d1e0f9e8d7c6b5a49382716051f0e9d8c7",
				Version:    "18.0",
				RunAsUser:  100,
				RunAsGroup: 101,
			},
			// psql and pg_dump of the server's major version, and the AWS CLI.
			Operations: costack.OperationsImageArgs{
				Image:      "registry.example.com/odoo-operations@sha256:9c8d7e6f5a4b3c2d1e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f",
				RunAsUser:  10001,
				RunAsGroup: 10001,
			},
		},
		Network: costack.NetworkSpecArgs{
			Cidr:        pulumi.StringRef("10.40.0.0/16"),
			Zones:       []string{"us-east-1a", "us-east-1b", "us-east-1c"},
			ClientCidrs: []string{"10.20.0.0/16"}, // where the cluster's pods live
		},
		Database: costack.DatabaseSpecArgs{
			DatabaseClass:       "s",
			EngineVersion:       "17",
			MultiAz:             true,
			StorageGib:          50,
			MaxStorageGib:       200,
			BackupRetentionDays: 14,
			MaintenanceWindow:   "sun:03:00-sun:04:00",
			BackupWindow:        "00:00-01:00",
		},
		Cache: costack.CacheSpecArgs{
			CacheClass:            "xs",
			Engine:                costack.CacheSpecEngineValkey,
			EngineVersion:         "8.0",
			Nodes:                 2,
			MultiAz:               true,
			SnapshotRetentionDays: 1,
			MaintenanceWindow:     "sun:04:00-sun:05:00",
		},
		FileSystem: costack.FileSystemSpecArgs{
			ThroughputMode:      costack.FileSystemSpecThroughputModeElastic,
			BackupSchedule:      "cron(0 3 * * ? *)",
			BackupRetentionDays: 30,
		},
		BackupBucket: costack.BackupBucketSpecArgs{NoncurrentDays: 7, ExpireAfterDays: 90},
		Cluster: costack.ClusterSpecArgs{
			Name:             "odoo",
			Version:          "1.35",
			IngressNamespace: "traefik",
			NodeRoleArn:      pulumi.StringRef("arn:aws:iam::123456789012:role/odoo-nodes"), // for tenants with nodes of their own
			NodeSubnetIds:    []string{"subnet-0a0a0a0a", "subnet-0b0b0b0b", "subnet-0c0c0c0c"},
			NodeGroups: []costack.NodeGroupSpecArgs{
				{Name: "general", NodeClass: "m7g.xlarge", Nodes: 3, VolumeGib: 50},
			},
		},
		Services: []costack.PlatformServiceArgs{
			service("traefik", 2, 200, 256, 1000, 512),
			service("observability", 1, 500, 2048, 1000, 3072),
			service("gitops", 1, 250, 512, 1000, 1024),
			service("ci-runners", 1, 500, 1024, 2000, 2048),
		},
		Ingress: costack.IngressSpecArgs{
			PublicAddresses:    2,
			CapacityUnits:      1,
			NatGateways:        1,
			NatDataGibPerMonth: 20,
		},
		Observability: costack.ObservabilitySpecArgs{
			LogGibPerMonth:        10,
			LogRetentionDays:      30,
			MetricSamplesPerMonth: 100000000,
		},
		DrRegions: []string{second}, // where copies of tenants that pay for it may go
	}
}

func service(name string, replicas, cpuRequest, memoryRequest, cpuLimit, memoryLimit int) costack.PlatformServiceArgs {
	return costack.PlatformServiceArgs{
		Name:                 name,
		Replicas:             replicas,
		CpuRequestMillicores: cpuRequest,
		MemoryRequestMib:     memoryRequest,
		CpuLimitMillicores:   cpuLimit,
		MemoryLimitMib:       memoryLimit,
	}
}
