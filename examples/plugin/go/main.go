// Two tenants on a platform: the same that the other languages' examples declare.
package main

import (
	"example.com/pulumi-costack/sdk/go/costack"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	region      = "us-east-1"
	second      = "eu-west-1"
	serviceLine = "odoo-hosting"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		tenants := []costack.TenantArgs{acme(), meridian()}
		described := platform()
		shared, err := costack.NewSharedPlatform(ctx, "shared", &costack.SharedPlatformArgs{
			Platform: described,
			Tenants:  tenants,
		})
		if err != nil {
			return err
		}
		var inventories pulumi.Array
		for _, tenant := range tenants {
			stack, err := costack.NewTenantStack(ctx, tenant.Tenant, &costack.TenantStackArgs{
				Tenant:        tenant.Tenant,
				Client:        tenant.Client,
				Environment:   tenant.Environment,
				Tier:          tenant.Tier,
				Region:        tenant.Region,
				ServiceLine:   tenant.ServiceLine,
				Hostname:      tenant.Hostname,
				DataResidency: tenant.DataResidency,
				Options:       tenant.Options,
				Platform:      described,
				Contract:      shared.Contract,
				SessionToken:  shared.SessionToken,
			})
			if err != nil {
				return err
			}
			inventories = append(inventories, stack.Inventory)
			ctx.Export(tenant.Tenant, stack.Url)
		}
		parts, err := costack.NewInventory(ctx, "parts", &costack.InventoryArgs{
			Platform: shared.Inventory,
			Tenants:  inventories,
		})
		if err != nil {
			return err
		}
		ctx.Export("inventory", parts.Inventory)
		ctx.Export("monthlyEstimates", shared.MonthlyEstimates)
		return nil
	})
}
