"""What clients agreed to and the firm works for: overage, support as it was assumed, margins."""
