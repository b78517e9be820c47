package example;

import com.costack.costack.Inventory;
import com.costack.costack.InventoryArgs;
import com.costack.costack.SharedPlatform;
import com.costack.costack.SharedPlatformArgs;
import com.costack.costack.TenantStack;
import com.costack.costack.TenantStackArgs;
import com.costack.costack.inputs.PlatformArgs;
import com.costack.costack.inputs.TenantArgs;
import com.pulumi.Context;
import com.pulumi.Pulumi;
import com.pulumi.core.Output;
import java.util.ArrayList;
import java.util.List;

/** Two tenants on a platform: the same that the other languages' examples declare. */
public final class App {
    private App() {
    }

    public static void main(String[] args) {
        Pulumi.run(App::declare);
    }

    private static void declare(Context context) {
        PlatformArgs platform = Portfolio.platform();
        List<TenantArgs> tenants = List.of(Portfolio.acme(), Portfolio.meridian());
        SharedPlatform shared = new SharedPlatform("shared", SharedPlatformArgs.builder()
                .platform(platform)
                .tenants(tenants)
                .build());
        List<Output<Object>> inventories = new ArrayList<>();
        for (TenantArgs each : tenants) {
            TenantStack stack = new TenantStack(each.tenant(), tenantStack(each, platform, shared));
            inventories.add(stack.inventory());
            context.export(each.tenant(), stack.url());
        }
        Inventory parts = new Inventory("parts", InventoryArgs.builder()
                .platform(shared.inventory())
                .tenants(Output.all(inventories))
                .build());
        context.export("inventory", parts.inventory());
        context.export("monthlyEstimates", shared.monthlyEstimates());
    }

    /** A tenant among those of the platform, as the arguments of a stack: every field that a program uses. */
    private static TenantStackArgs tenantStack(TenantArgs tenant, PlatformArgs platform, SharedPlatform shared) {
        return TenantStackArgs.builder()
                .tenant(tenant.tenant())
                .client(tenant.client())
                .environment(tenant.environment())
                .tier(tenant.tier())
                .region(tenant.region())
                .serviceLine(tenant.serviceLine())
                .hostname(tenant.hostname())
                .dataResidency(tenant.dataResidency().orElse(null))
                .options(tenant.options())
                .platform(platform)
                .contract(shared.contract().applyValue(Handover::contract))
                .sessionToken(shared.sessionToken())
                .build();
    }
}
